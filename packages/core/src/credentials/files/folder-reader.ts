import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../clock.js'
import { ConfigurationError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import type { Credential } from '../../storage/credential.js'
import { acceptContents, type Claimant } from './claims.js'
import { type FileContent, readContent } from './file-content.js'
import { isCredentialFileName, toDomain } from './file-name.js'
import { assertPrivateFolder, type FileRules, readPrivateFile, stampOf, toReadError } from './private-file.js'
import { type Snapshot, toSnapshot } from './snapshot.js'

/** An editor that writes anew takes the file away for a moment: it is gone when it has been missing for this long. */
const MISSING_GRACE_MS = 200
/** The coarsest time stamps in use: a file changed this recently may change again without a sign of it. */
const TICK_MS = 2000

/** A file or folder that is not as it should be. */
export interface FileProblem {
  readonly file: string
  /** What is wrong and how to mend it; never a value. */
  readonly problem: string
}

/** What is known of one file of the folder. */
interface FileState extends Claimant {
  /** Null where the file is to be read again even if it looks unchanged. */
  stamp: string | null
  /** SHA-256 of the text that `read` comes from. */
  digest: string | null
  read: FileContent | null
  problem: ConfigurationError | null
  looseness: string | null
  /** Monotonic milliseconds; null while the file is there. */
  missingSince: number | null
}

/** What {@link createFolderReader} takes. */
export interface FolderReaderOptions {
  readonly rules: FileRules
  /** What a file of client keys alone stands for; null where there is no such thing. */
  readonly defaultCredential: Credential | null
  readonly clock: Clock
  readonly logger: Logger
}

/** Reads a folder of credential files and keeps the last good content of each. */
export interface FolderReader {
  /** Looks through the folder, a file a step; nothing counts before the last step but what was refused or is gone. */
  look(): Generator<void, void>
  /** Takes up one file that this process has just written or removed. */
  takeUp(name: string): void
  /** What is in use. */
  current(): Snapshot
  /** Whether the next look should come soon: a file is missing, and may be back in a moment. */
  hasMissing(): boolean
  /** Files that are refused; what was good of them before stays in use. */
  refused(): FileProblem[]
  /** Files and folder whose owner or mode is wrong, where that is only warned of. */
  loose(): FileProblem[]
}

/** Creates a reader that has not looked yet. */
export function createFolderReader(folder: string, options: FolderReaderOptions): FolderReader {
  const { rules, defaultCredential, clock, logger } = options
  const files = new Map<string, FileState>()
  let folderProblem: ConfigurationError | null = null
  let folderLooseness: string | null = null
  /** What is wrong with files that are in order by themselves, by name. */
  let disputes: ReadonlyMap<string, string> = new Map()
  let inUse: ReadonlyMap<string, FileContent> = new Map()
  let snapshot = toSnapshot(inUse, null)
  let told: ReadonlyMap<string, string> = new Map()

  function* look(): Generator<void, void> {
    try {
      folderLooseness = assertPrivateFolder(folder, rules)
      const names = readdirSync(folder).filter(isCredentialFileName).sort()
      folderProblem = null
      const present = new Set(names)
      for (const name of names) {
        readFile(name)
        yield
      }
      for (const name of files.keys()) if (!present.has(name)) noteMissing(name)
      accept()
    } catch (error) {
      // Without a look into the folder nothing is known to have changed.
      folderProblem = toReadError(folder, error)
    }
    tell()
  }

  function readFile(name: string): void {
    const path = join(folder, name)
    const state = files.get(name) ?? newState(toDomain(name))
    try {
      const stamp = stampOf(path, rules)
      state.missingSince = null
      files.set(name, state)
      if (state.stamp === stamp) return
      if (state.domain === null) throw new ConfigurationError(path, 'is not named after a host name in lower case')
      const file = readPrivateFile(path, rules)
      const digest = hash('sha256', file.text)
      if (state.digest !== digest) state.read = readUsable(path, state.domain, file.text)
      state.digest = digest
      state.looseness = file.looseness
      state.problem = null
      state.stamp = clock.now() - file.changedAt > TICK_MS ? file.stamp : null
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        noteMissing(name)
        return
      }
      state.problem = toReadError(path, error)
      state.read = state.accepted
      state.digest = null
      state.stamp = null
    }
  }

  function readUsable(path: string, domain: string, text: string): FileContent {
    const content = readContent(path, domain, text)
    if (content.needsDefault && defaultCredential === null) {
      throw new ConfigurationError(
        path,
        'holds client keys alone, and no default upstream credential is configured: give it a credential, or set ' +
          'defaultCredential (the command: ANTHROPIC_API_KEY)',
      )
    }
    return content
  }

  function noteMissing(name: string): void {
    const state = files.get(name)
    if (state === undefined) return
    state.missingSince ??= clock.monotonic()
    if (clock.monotonic() - state.missingSince >= MISSING_GRACE_MS) files.delete(name)
  }

  function accept(): void {
    disputes = acceptContents(files)
    const now = new Map<string, FileContent>()
    for (const { domain, accepted } of files.values())
      if (domain !== null && accepted !== null) now.set(domain, accepted)
    const isSame = now.size === inUse.size && [...now].every(([domain, content]) => inUse.get(domain) === content)
    if (isSame) return
    inUse = now
    snapshot = toSnapshot(now, defaultCredential)
  }

  function tell(): void {
    const now = new Map<string, string>()
    for (const { file, problem } of refused()) now.set(`${file}: ${problem}`, 'credential file refused')
    for (const { file, problem } of loose()) now.set(`${file}: ${problem}`, 'loose permissions')
    for (const [problem, message] of now) if (!told.has(problem)) logger.warn({ problem }, message)
    for (const problem of told.keys()) if (!now.has(problem)) logger.info({ problem }, 'credential file mended')
    told = now
  }

  function refused(): FileProblem[] {
    const problems = [folderProblem, ...[...files.values()].map(({ problem }) => problem)]
    const unusable = problems.flatMap((problem) =>
      problem === null ? [] : [{ file: problem.option, problem: problem.message.slice(problem.option.length + 2) }],
    )
    return [...unusable, ...[...disputes].map(([name, problem]) => ({ file: join(folder, name), problem }))]
  }

  function loose(): FileProblem[] {
    const all = [
      [folder, folderLooseness] as const,
      ...[...files].map(([name, state]) => [join(folder, name), state.looseness] as const),
    ]
    return all.flatMap(([file, problem]) => (problem === null ? [] : [{ file, problem }]))
  }

  return {
    look,
    refused,
    loose,
    hasMissing: () => [...files.values()].some(({ missingSince }) => missingSince !== null),
    current: () => snapshot,
    takeUp(name) {
      readFile(name)
      // Nobody is about to put back what this process has removed.
      if (files.get(name)?.missingSince != null) files.delete(name)
      accept()
      tell()
    },
  }
}

function newState(domain: string | null): FileState {
  return {
    domain,
    stamp: null,
    digest: null,
    read: null,
    accepted: null,
    problem: null,
    looseness: null,
    missingSince: null,
  }
}
