import type { FileProblem } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { type Stores, withStores } from '../stores.js'

/** `prompt-train credentials check`: whether `serve` could work with every file. */
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

async function inspect(stores: Stores): Promise<Findings> {
  const { refused, loose } = stores.health()
  const domains = await stores.stored.list()
  const looks = await Promise.all(domains.map((domain) => sealProblem(stores, domain)))
  const closed = looks.filter((problem) => problem !== null)
  return { credentials: domains.length - closed.length, problems: [...refused, ...loose, ...closed] }
}

/** Null where the credential is not sealed, or opens. */
async function sealProblem({ stored, credentials, keyRing }: Stores, domain: string): Promise<FileProblem | null> {
  const credential = await stored.find(domain)
  if (credential?.type !== 'sealed') return null
  if (keyRing === null) {
    return { file: domain, problem: `is sealed with ${credential.ringKeyId}, and ENCRYPTION_KEYS is not set` }
  }
  try {
    await credentials.find(domain)
    return null
  } catch (error) {
    return { file: domain, problem: ((error as Error).cause as Error).message }
  }
}

function toText(credentials: number, problems: readonly FileProblem[]): string {
  const found = problems.map(({ file, problem }) => `${file}: ${problem}\n`).join('')
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  return `${found}${count(credentials, 'credential')} usable, ${count(problems.length, 'problem')}.\n`
}
