// A token endpoint as strict as they come: refresh tokens are good for one use, and a second use revokes the family,
// all tokens that came of one login. It keeps the history that the proof is judged by.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

const LIFETIME_S = 3600

/**
 * @typedef {{ kind: 'granted' | 'reused' | 'unknown', by: string, accessToken: string | null, at: number }} Entry
 */

/** Starts the server on a free port of the loopback address. */
export async function startTokenServer() {
  /** Refresh tokens by what became of them: the family they belong to, and whether they are spent. */
  const tokens = new Map()
  /** @type {Entry[]} */
  const history = []
  let family = 0
  const behaviour = { delayMs: () => 0 }

  function issue(familyId) {
    const pair = {
      accessToken: `FAKE-access-${randomBytes(12).toString('hex')}`,
      refreshToken: `FAKE-refresh-${randomBytes(12).toString('hex')}`,
    }
    tokens.set(pair.refreshToken, { familyId, spent: false, revoked: false })
    return pair
  }

  function refresh({ refresh_token: token, client_id: by }) {
    const known = tokens.get(token)
    if (known === undefined || known.revoked || known.spent) {
      const kind = known === undefined ? 'unknown' : 'reused'
      for (const other of tokens.values()) if (other.familyId === known?.familyId) other.revoked = true
      history.push({ kind, by, accessToken: null, at: Date.now() })
      return null
    }
    known.spent = true
    const pair = issue(known.familyId)
    history.push({ kind: 'granted', by, accessToken: pair.accessToken, at: Date.now() })
    return pair
  }

  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const grant = JSON.parse(Buffer.concat(chunks).toString())
    await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs()))
    // Spent when it arrives at the server's books, whether or not anybody is there to hear the answer.
    const pair = refresh(grant)
    const body =
      pair === null
        ? { error: 'invalid_grant' }
        : {
            access_token: pair.accessToken,
            refresh_token: pair.refreshToken,
            token_type: 'Bearer',
            expires_in: LIFETIME_S,
          }
    response.writeHead(pair === null ? 400 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/v1/oauth/token`,
    history,
    behaviour,
    /** A new login: a pair of a new family. */
    login: () => issue(++family),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
