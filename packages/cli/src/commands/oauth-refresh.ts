import { type OAuthStatus, refreshOAuth } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { type OAuthSettings, readEnvironment } from '../environment.js'
import { nameOAuthVariable } from '../oauth-settings.js'
import { findOAuthStatus, isAllowed, toStatusJson, toStatusTable } from '../oauth-status-rows.js'
import type { Place } from '../places.js'
import { RefusedError } from '../prompt.js'
import { withStores } from '../stores.js'
import { toMoment } from '../times.js'

/** `prompt-train oauth refresh`: refreshes the credential of a domain now; exit code 1 where nothing was refreshed. */
export async function run({ flags: { json }, values }: Given): Promise<void> {
  const domain = values.domain!
  const { oauth, upstream } = readEnvironment({ isTerminal: false })
  const began = Date.now()
  const status = await withStores(async ({ placeOf }) => {
    const place = await placeOf(domain)
    assertRefreshable(await findOAuthStatus(place, domain), oauth)
    return (await refresh(place, domain, oauth, upstream)) ?? findOAuthStatus(place, domain)
  })
  const isRefreshed = status.refreshedAt !== null && status.refreshedAt >= began
  if (json) process.stdout.write(`${JSON.stringify(toStatusJson(status, oauth))}\n`)
  else if (isRefreshed) process.stdout.write(toStatusTable([status], oauth, Date.now()))
  else throw new RefusedError(toProblem(status, began))
  if (!isRefreshed) process.exitCode = 1
}

function assertRefreshable(status: OAuthStatus, oauth: OAuthSettings): void {
  const { domain, state } = status
  if (!isAllowed(status, oauth)) {
    throw new RefusedError(
      `the credential of ${domain} counts as one of a subscription plan, which is not used unless ` +
        'ALLOW_SUBSCRIPTION_OAUTH=true: read docs/oauth.md first',
    )
  }
  if (state === 'not_renewable') {
    throw new RefusedError(
      `the credential of ${domain} has no refresh token: prompt-train oauth login --domain ${domain}`,
    )
  }
}

async function refresh(
  { credentials }: Place,
  domain: string,
  { tokenUrl, clientId }: OAuthSettings,
  upstream: string | null,
) {
  try {
    return await refreshOAuth({
      credentials,
      domain,
      ...(tokenUrl !== null && { tokenUrl }),
      ...(upstream !== null && { upstream }),
      ...(clientId !== null && { clientId }),
    })
  } catch (error) {
    throw nameOAuthVariable(error)
  }
}

function toProblem(status: OAuthStatus, began: number): string {
  const { domain, state, failure, nextRefreshAt } = status
  const isTried = failure !== null && failure.at >= began
  const until = nextRefreshAt === null ? '' : ` until ${toMoment(nextRefreshAt, began)}`
  if (state === 'needs_login') {
    const reason = failure === null ? '' : ` (${failure.error})`
    return `the credential of ${domain} was not refreshed${reason}: it needs a login: prompt-train oauth login --domain ${domain}`
  }
  if (isTried) return `the credential of ${domain} was not refreshed (${failure.error}): ${state}${until}`
  if (state === 'paused') {
    return `the credential of ${domain} was not tried: pausing${until} after: ${failure?.error}`
  }
  return `the credential of ${domain} was not tried: another refresh was begun and may be under way: try again in a minute`
}
