import type { OAuthStatus } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { readEnvironment } from '../environment.js'
import { findOAuthStatus, toStatusJson, toStatusTable } from '../oauth-status-rows.js'
import type { Place } from '../places.js'
import { findSealProblem } from '../seal-problem.js'
import { listDomains, withStores } from '../stores.js'

/** `prompt-train oauth status`: how the OAuth credentials stand; exit code 1 where one needs a person. */
export async function run({ flags: { json }, values: { domain } }: Given): Promise<void> {
  const { oauth } = readEnvironment({ isTerminal: false })
  const statuses = await withStores(async ({ places, placeOf }) =>
    domain === undefined ? await findAll(places) : [await findOAuthStatus(await placeOf(domain), domain)],
  )
  if (json) {
    const credentials = statuses.map((status) => toStatusJson(status, oauth))
    process.stdout.write(`${JSON.stringify({ credentials })}\n`)
  } else if (statuses.length === 0) {
    process.stdout.write('No OAuth credentials. Log in: prompt-train oauth login --domain DOMAIN\n')
  } else {
    process.stdout.write(toStatusTable(statuses, oauth, Date.now()))
  }
  if (statuses.some(({ state }) => state === 'needs_login')) process.exitCode = 1
}

/** One that does not open is told of, and hides no other. */
async function findAll(places: readonly Place[]): Promise<readonly OAuthStatus[]> {
  const statuses: OAuthStatus[] = []
  for (const { place, domain } of await listDomains(places)) {
    const problem = await findSealProblem(place, domain)
    if (problem !== null) {
      process.stderr.write(`prompt-train: left out: ${domain}: ${problem}\n`)
      process.exitCode = 1
    } else if ((await place.credentials.find(domain))?.type === 'oauth') {
      statuses.push(await findOAuthStatus(place, domain))
    }
  }
  return statuses
}
