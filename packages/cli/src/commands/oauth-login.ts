import { type Credential, createOAuthLogin, type OAuthLogin } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { type OAuthSettings, readEnvironment } from '../environment.js'
import { nameOAuthVariable, toLoginOptions } from '../oauth-settings.js'
import { findOAuthStatus, isAllowed } from '../oauth-status-rows.js'
import { askHidden, isInteractive, RefusedError, readLine } from '../prompt.js'
import { describeKeeping, withStores } from '../stores.js'

/** `prompt-train oauth login`: stores the credential of a domain by a login in the browser. */
export async function run({ flags: { replace }, values }: Given): Promise<void> {
  const domain = values.domain!
  const { oauth } = readEnvironment({ isTerminal: false })
  const login = beginLogin(oauth)
  const assertReplaceable = (current: Credential | null) => {
    if (replace || current === null || current.type === 'oauth') return current
    throw new RefusedError(
      `the ${current.type} credential of ${domain} would be lost: --replace puts the login in its place`,
    )
  }
  await withStores(
    async ({ placeOf }) => {
      const place = await placeOf(domain)
      const kept = describeKeeping(place, true)
      const { credentials } = place
      // What keeps the login from being stored comes to light before anybody agrees to it.
      await credentials.update(domain, assertReplaceable)
      process.stdout.write(`Open this page, agree, and copy the text that it shows:\n\n${login.url}\n\n`)
      const pasted = isInteractive() ? await askHidden('Text, code#state (not shown)') : await readLine()
      await credentials.update(domain, (current) => {
        assertReplaceable(current)
        return login.finish(pasted)
      })
      process.stdout.write(`Stored the oauth credential of ${domain} ${kept}.
A running serve uses it within 5 seconds.
What to do next: prompt-train oauth status --domain ${domain}
`)
      if (!isAllowed(await findOAuthStatus(place, domain), oauth)) process.stderr.write(NOT_ALLOWED)
    },
    { makeFolder: true },
  )
}

function beginLogin(settings: OAuthSettings): OAuthLogin {
  const options = toLoginOptions(settings)
  try {
    return createOAuthLogin(options)
  } catch (error) {
    throw nameOAuthVariable(error)
  }
}

const NOT_ALLOWED = `prompt-train: it counts as one of a subscription plan and is not used unless ALLOW_SUBSCRIPTION_OAUTH=true: read docs/oauth.md first
`
