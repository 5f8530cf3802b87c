import { text } from 'node:stream/consumers'
import { startScriptedUpstream } from './scripted-upstream.js'

/** A token endpoint on loopback. Its refresh tokens are good for one use. */
export interface TokenEndpoint {
  readonly url: string
  /** Every grant that it was asked for. */
  readonly grants: Record<string, string>[]
  /** What it grants lives this long, in seconds. */
  expiresIn: number
  /** Scopes that it says it has granted. */
  scope: string
  /** Every refresh token so far is dead from here on. */
  revoke(): void
}

/** Starts one. The n-th tokens that it grants are `sk-ant-oat01-FAKE-n` and `sk-ant-ort01-FAKE-n`. */
export async function startTokenEndpoint(): Promise<TokenEndpoint> {
  const grants: Record<string, string>[] = []
  let count = 0
  let good: string | null = null
  const { address } = await startScriptedUpstream(async (request, response) => {
    const grant = JSON.parse(await text(request))
    grants.push(grant)
    const isGood = grant.grant_type === 'authorization_code' ? grant.code === 'code-FAKE' : grant.refresh_token === good
    if (!isGood) {
      const body = { error: 'invalid_grant', error_description: 'FAKE' }
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      return
    }
    good = `sk-ant-ort01-FAKE-${++count}`
    const tokens = {
      access_token: `sk-ant-oat01-FAKE-${count}`,
      refresh_token: good,
      token_type: 'Bearer',
      expires_in: endpoint.expiresIn,
      scope: endpoint.scope,
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(tokens))
  })
  const endpoint: TokenEndpoint = {
    url: `${address}/v1/oauth/token`,
    grants,
    expiresIn: 28_800,
    scope: 'workspace:inference',
    revoke() {
      good = null
    },
  }
  return endpoint
}
