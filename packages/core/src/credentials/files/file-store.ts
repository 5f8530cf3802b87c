import { type Clock, systemClock } from '../../clock.js'
import { ConfigurationError } from '../../errors.js'
import { type Logger, silentLogger } from '../../logger.js'
import type { Credential } from '../../storage/credential.js'
import type { ClientKeyStore, CredentialStore } from '../../storage/storage.js'
import { createDomainFiles } from './domain-file.js'
import { createFileClientKeys } from './file-client-keys.js'
import { createFileCredentials } from './file-credentials.js'
import { createFolderReader, type FileProblem } from './folder-reader.js'
import { watchFolder } from './folder-watch.js'
import { createKeyUses } from './key-uses.js'

/** What {@link fileCredentialStore} takes beside the folder. */
export interface FileCredentialStoreOptions {
  /** Used for domains whose file holds client keys alone. @default none: such files are refused */
  readonly defaultCredential?: Credential
  /** What happens to files and folders that others than their owner can read or write. @default "enforce" */
  readonly permissions?: 'enforce' | 'warn'
  /**
   * Whether a credential file may be a symbolic link to a file inside the folder, as Kubernetes mounts them. Such files
   * are never written to. @default "refuse"
   */
  readonly symlinks?: 'refuse' | 'inside'
  /**
   * What happens at the start to files that are not usable: they stop it, or are left out and told of by `health`, as
   * they are later on. @default "throw"
   */
  readonly broken?: 'throw' | 'leave-out'
  /** Told of changes and of files that are refused. @default silentLogger */
  readonly logger?: Logger
  /** @default systemClock */
  readonly clock?: Clock
}

/** Credentials and client keys in a folder of files, one a domain, taken up again when they change. */
export interface FileCredentialStore extends CredentialStore {
  readonly clientKeys: ClientKeyStore
  /** How many domains have a credential, and how many client keys there are. */
  readonly size: { readonly domains: number; readonly clientKeys: number }
  /** What is not in order at this moment. */
  health(): FileCredentialHealth
  /** Stops watching the folder. */
  close(): void
}

/** What is not in order in a folder of credential files. Nothing here tells a secret. */
export interface FileCredentialHealth {
  /** Files that are refused, or the folder itself; what was good of them before stays in use. */
  readonly refused: readonly FileProblem[]
  /** Files that others can read or change, or the folder itself, where `permissions` is "warn". */
  readonly loose: readonly FileProblem[]
}

/**
 * Opens a folder of credential files in the guide's formats. The domain is the file's name without `.json` or
 * `.credentials.json`. A change counts within seconds; a file that a change broke keeps its last good content.
 *
 * @throws ConfigurationError that names the file and field, when a file is not usable at the start
 */
export function fileCredentialStore(folder: string, options: FileCredentialStoreOptions = {}): FileCredentialStore {
  const { defaultCredential = null, permissions = 'enforce', symlinks = 'refuse', broken = 'throw' } = options
  const { logger = silentLogger, clock = systemClock } = options
  const rules = { permissions, symlinks }
  const reader = createFolderReader(folder, { rules, defaultCredential, clock, logger })
  const { current, look, takeUp, hasMissing } = reader
  lookNow()
  const [unusable] = reader.refused()
  if (unusable !== undefined && broken === 'throw') throw new ConfigurationError(unusable.file, unusable.problem)

  function lookNow(): void {
    for (const _step of look());
  }

  const changeFile = createDomainFiles(folder, { rules, clock, onWrite: takeUp })
  const clientKeys = createFileClientKeys({
    current,
    refresh: lookNow,
    changeFile,
    hasDefault: defaultCredential !== null,
    uses: createKeyUses(folder, rules, clock, logger),
  })
  const watch = watchFolder(folder, { clock, look, hasMissing })
  return {
    ...createFileCredentials(current, changeFile),
    clientKeys,
    get size() {
      const { credentials, byKeyId } = current()
      return { domains: credentials.size, clientKeys: byKeyId.size }
    },
    health: () => ({ refused: reader.refused(), loose: reader.loose() }),
    close: () => watch.close(),
  }
}
