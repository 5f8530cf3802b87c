import type { FileProblem } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { count } from '../count.js'
import { findSealProblem } from '../seal-problem.js'
import { listDomains, type Stores, withStores } from '../stores.js'

/** `prompt-train credentials check`: whether `serve` could work with every file and every credential. */
export async function run({ flags: { json } }: Given): Promise<void> {
  const { credentials, problems } = await withStores(inspect, { tellProblems: false })
  process.stdout.write(json ? `${JSON.stringify({ credentials, problems })}\n` : toText(credentials, problems))
  if (problems.length > 0) process.exitCode = 1
}

interface Findings {
  /** How many domains have a credential that can be used. */
  readonly credentials: number
  readonly problems: readonly FileProblem[]
}

async function inspect({ places, health }: Stores): Promise<Findings> {
  const { refused, loose } = health()
  const domains = await listDomains(places)
  const closed: FileProblem[] = []
  for (const { place, domain } of domains) {
    const problem = await findSealProblem(place, domain)
    if (problem !== null) closed.push({ file: domain, problem })
  }
  return { credentials: domains.length - closed.length, problems: [...refused, ...loose, ...closed] }
}

function toText(credentials: number, problems: readonly FileProblem[]): string {
  const found = problems.map(({ file, problem }) => `${file}: ${problem}\n`).join('')
  return `${found}${count(credentials, 'credential')} usable, ${count(problems.length, 'problem')}.\n`
}
