import { type FSWatcher, lstatSync, readdirSync, readFileSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '../errors.js'
import { type Logger, silentLogger } from '../logger.js'
import type { ClientKey, ClientKeyLookup, Credential, CredentialLookup } from '../storage/storage.js'
import { type CredentialFile, parseCredentialFile } from './credential-file.js'

/** A watcher can miss changes (network folders, container mounts): the folder is looked through this often anyway. */
const POLL_MS = 2000
const DEBOUNCE_MS = 100
const MAX_FILE_BYTES = 64 * 1024
/** `example.com.json`, `example.com.credentials.json`: host-name labels, lower case; no dot files, no temporary files. */
const FILE_NAME = /^((?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})*?)(?:\.credentials)?\.json$/

/** What {@link fileCredentialStore} takes beside the folder. */
export interface FileCredentialStoreOptions {
  /** Used for domains whose file holds client keys alone. @default none: such files are refused */
  readonly defaultCredential?: Credential
  /** What happens to files and folders that others than their owner can read or write. @default "enforce" */
  readonly permissions?: 'enforce' | 'warn'
  /** Told of changes and of files that are refused. @default silentLogger */
  readonly logger?: Logger
}

/** Credentials and client keys from a folder of files, one a domain, taken up again when they change. */
export interface FileCredentialStore extends CredentialLookup {
  readonly clientKeys: ClientKeyLookup
  /** How many domains have a credential, and how many client keys there are. */
  readonly size: { readonly domains: number; readonly clientKeys: number }
  /** Stops watching the folder. */
  close(): void
}

/** One good reading of the folder. */
interface Snapshot {
  readonly credentials: ReadonlyMap<string, Credential>
  readonly byKeyId: ReadonlyMap<string, ClientKey>
  readonly byDigest: ReadonlyMap<string, ClientKey>
}

/**
 * Opens a folder of credential files in the guide's formats. The domain is the file's name without `.json` or
 * `.credentials.json`. A change counts within seconds; a file that a change broke keeps its last good content.
 *
 * @throws ConfigurationError that names the file and field, when a file is not usable at the start
 */
export function fileCredentialStore(folder: string, options: FileCredentialStoreOptions = {}): FileCredentialStore {
  const { logger = silentLogger } = options
  const lastGood = new Map<string, { readonly stamp: string; readonly content: CredentialFile }>()
  const refused = new Map<string, string>()
  const loose = new Set<string>()
  let snapshot = openFolder()

  function openFolder(): Snapshot {
    try {
      return readFolder((problem) => {
        throw problem
      })
    } catch (error) {
      throw toProblem(folder, error)
    }
  }

  function readFolder(onProblem: (problem: ConfigurationError) => void): Snapshot {
    const present = new Set<string>()
    assertPrivate(folder, statSync(folder).mode, '700')
    for (const name of readdirSync(folder)) {
      const domain = FILE_NAME.exec(name)?.[1]
      if (domain === undefined) continue
      present.add(name)
      try {
        readFile(name, domain)
        refused.delete(name)
      } catch (error) {
        const problem = toProblem(join(folder, name), error)
        if (refused.get(name) !== problem.message) onProblem(problem)
        refused.set(name, problem.message)
      }
    }
    for (const name of lastGood.keys()) if (!present.has(name)) lastGood.delete(name)
    return toSnapshot()
  }

  function readFile(name: string, domain: string): void {
    const path = join(folder, name)
    const stat = lstatSync(path)
    const stamp = [stat.ino, stat.size, stat.mtimeMs, stat.mode].join(':')
    if (lastGood.get(name)?.stamp === stamp) return
    if (!stat.isFile()) throw new ConfigurationError(path, 'is not a regular file')
    if (stat.size > MAX_FILE_BYTES) throw new ConfigurationError(path, 'is too large for a credential file')
    assertPrivate(path, stat.mode, '600')
    const content = parseCredentialFile(path, domain, readFileSync(path, 'utf8'))
    if (content.credential === null && options.defaultCredential === undefined) {
      throw new ConfigurationError(path, 'holds client keys alone, and no default upstream credential is configured')
    }
    lastGood.set(name, { stamp, content })
  }

  function assertPrivate(path: string, mode: number, wanted: '600' | '700'): void {
    // Windows has no such modes.
    if (process.platform === 'win32' || (mode & 0o077) === 0) {
      loose.delete(path)
      return
    }
    const problem = `can be read or changed by other users: run chmod ${wanted} '${path}'`
    if (options.permissions !== 'warn') throw new ConfigurationError(path, problem)
    if (!loose.has(path)) logger.warn({ path, problem }, 'loose permissions')
    loose.add(path)
  }

  function toSnapshot(): Snapshot {
    const credentials = new Map<string, Credential>()
    const byKeyId = new Map<string, ClientKey>()
    const byDigest = new Map<string, ClientKey>()
    for (const [name, { content }] of lastGood) {
      const domain = FILE_NAME.exec(name)![1]!
      const credential = content.credential ?? options.defaultCredential
      if (credential !== undefined) credentials.set(domain, credential)
      for (const key of content.clientKeys) {
        if (key.keyId !== '') byKeyId.set(key.keyId, key)
        byDigest.set(key.digest, key)
      }
    }
    return { credentials, byKeyId, byDigest }
  }

  function reload(): void {
    try {
      snapshot = readFolder((problem) => logger.warn({ problem: problem.message }, 'credential file refused'))
    } catch (error) {
      logger.error({ problem: toProblem(folder, error).message }, 'credential folder not readable')
    }
  }

  const poll = setInterval(reload, POLL_MS).unref()
  const watcher = watchFolder(folder, reload)
  return {
    find: (domain) => snapshot.credentials.get(domain) ?? null,
    clientKeys: {
      find: (keyId, digest) => snapshot.byKeyId.get(keyId) ?? snapshot.byDigest.get(digest) ?? null,
    },
    get size() {
      return { domains: snapshot.credentials.size, clientKeys: snapshot.byDigest.size }
    },
    close() {
      clearInterval(poll)
      watcher?.close()
    },
  }
}

function watchFolder(folder: string, onChange: () => void): FSWatcher | null {
  let timer: NodeJS.Timeout | undefined
  try {
    const watcher = watch(folder, { persistent: false }, () => {
      clearTimeout(timer)
      timer = setTimeout(onChange, DEBOUNCE_MS).unref()
    })
    // The poll goes on without it.
    return watcher.on('error', () => watcher.close()).on('close', () => clearTimeout(timer))
  } catch {
    return null
  }
}

function toProblem(path: string, error: unknown): ConfigurationError {
  if (error instanceof ConfigurationError) return error
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  return new ConfigurationError(path, `cannot be read (${code})`)
}
