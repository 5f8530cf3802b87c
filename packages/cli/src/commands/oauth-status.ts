import type { OAuthStatus } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { readEnvironment } from '../environment.js'
import { findOAuthStatus, toStatusJson, toStatusTable } from '../oauth-status-rows.js'
import { findSealProblem } from '../seal-problem.js'
import { type Stores, withStores } from '../stores.js'

/** `prompt-train oauth status`: how the OAuth credentials stand; exit code 1 where one needs a person. */
export async function run({ flags: { json }, values: { domain } }: Given): Promise<void> {
  const { oauth } = readEnvironment({ isTerminal: false })
  const statuses = await withStores(async (stores) =>
    domain === undefined ? await findAll(stores) : [await findOAuthStatus(stores, domain)],
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
async function findAll(stores: Stores): Promise<readonly OAuthStatus[]> {
  const statuses: OAuthStatus[] = []
  for (const domain of await stores.stored.list()) {
    const problem = await findSealProblem(stores, domain)
    if (problem !== null) {
      process.stderr.write(`prompt-train: left out: ${domain}: ${problem}\n`)
      process.exitCode = 1
    } else if ((await stores.credentials.find(domain))?.type === 'oauth') {
      statuses.push(await findOAuthStatus(stores, domain))
    }
  }
  return statuses
}
