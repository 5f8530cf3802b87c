import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../clock.js'
import { ConfigurationError, StorageError } from '../../errors.js'
import type { MaybePromise } from '../../storage/storage.js'
import { leaseLost, removeFile, replaceFile } from './fenced-write.js'
import { type FileContent, parseJson, readContent } from './file-content.js'
import { type StoredFields, toFileText } from './file-fields.js'
import { isCredentialFileName, toDomain, toFileName } from './file-name.js'
import { takeFolderLock } from './folder-lock.js'
import { createTurns } from './in-turn.js'
import { type FileRules, MAX_FILE_BYTES, readPrivateFile } from './private-file.js'

/** The file of one domain, while this process has the right to change it. */
export interface DomainFile {
  /** Aborted when another process has taken over. */
  readonly signal: AbortSignal
  /**
   * What is in the file now; null where there is none.
   *
   * @throws ConfigurationError where the file is not in order
   */
  read(): StoredContent | null
  /**
   * Stores the fields durably, or removes the file for null.
   *
   * @throws StorageError `lease_lost`, `read_only`, `write_failed`
   */
  write(fields: StoredFields | null): Promise<void>
}

/** What a file says, and its own JSON. */
export interface StoredContent extends FileContent {
  readonly fields: StoredFields
}

/** What comes of a change: `fields` are stored, for null the file is removed, without any nothing is stored. */
export interface DomainChange<T> {
  readonly result: T
  readonly fields?: StoredFields | null
}

/** Runs one change after another to the file of a domain, across every process that shares the folder. */
export type ChangeDomainFile = <T>(
  domain: string,
  change: (file: DomainFile) => MaybePromise<DomainChange<T>>,
) => Promise<T>

/** What {@link createDomainFiles} takes. */
export interface DomainFilesOptions {
  readonly rules: FileRules
  readonly clock: Clock
  /** Told of each file that has been written or removed. */
  readonly onWrite: (name: string) => void
}

/** Gives the right to change the files of a folder, a domain at a time. */
export function createDomainFiles(folder: string, { rules, clock, onWrite }: DomainFilesOptions): ChangeDomainFile {
  const inTurn = createTurns()

  function findFile(domain: string): string | null {
    const names = readdirSync(folder).filter((name) => isCredentialFileName(name) && toDomain(name) === domain)
    const [name = null, other] = names
    if (other !== undefined) throw new ConfigurationError(join(folder, other), `stands for the same domain as ${name}`)
    if (name !== null && lstatSync(join(folder, name)).isSymbolicLink()) {
      throw new StorageError('read_only', `${join(folder, name)}: is a symbolic link, whose target is not written to`)
    }
    return name
  }

  async function run<T>(domain: string, change: (file: DomainFile) => MaybePromise<DomainChange<T>>): Promise<T> {
    const newName = toFileName(domain)
    const lock = await takeFolderLock(folder, domain, clock)
    const file: DomainFile = {
      signal: lock.signal,
      read() {
        const name = findFile(domain)
        if (name === null) return null
        const path = join(folder, name)
        const { text } = readPrivateFile(path, rules)
        return { ...readContent(path, domain, text), fields: parseJson(path, text) as StoredFields }
      },
      async write(fields) {
        const existing = findFile(domain)
        if (existing === null && fields === null) return
        const name = existing ?? newName
        const path = join(folder, name)
        try {
          if (fields === null) await removeFile(lock, path)
          else await replaceFile(lock, path, toCheckedText(path, domain, fields))
        } finally {
          onWrite(name)
        }
      },
    }
    try {
      const { result, fields } = await change(file)
      if (fields !== undefined) await file.write(fields)
      else if (!(await lock.release())) throw leaseLost(join(folder, domain))
      return result
    } finally {
      await lock.release()
    }
  }

  return (domain, change) => inTurn(domain, () => run(domain, change))
}

/** The text, once it is sure that it can be read again. */
function toCheckedText(path: string, domain: string, fields: StoredFields): string {
  const text = toFileText(fields)
  if (Buffer.byteLength(text) > MAX_FILE_BYTES)
    throw new ConfigurationError(path, 'would become too large: 64 KiB hold one file')
  readContent(path, domain, text)
  return text
}
