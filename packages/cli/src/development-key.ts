import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type ClientKey, ConfigurationError, createClientKey, isClientKey, toClientKey } from '@agent-prompt-train/core'

const LABEL = 'development'

/** The client key that `serve` makes for itself where none is configured. */
export interface DevelopmentKey {
  /** The file that holds the key, absolute. */
  readonly file: string
  readonly record: ClientKey
}

/**
 * Opens `client-key` in the data folder, or makes it on the first start.
 *
 * @throws ConfigurationError that names the file when it is not what this function writes
 */
export function openDevelopmentKey(dataDir: string, domain: string): DevelopmentKey {
  const file = join(dataDir, 'client-key')
  try {
    const key = readKey(file)
    return { file, record: toRecord(key ?? writeNewKey(dataDir, file), domain) }
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigurationError(
      'DATA_DIR',
      `${file} cannot be read or made (${code}): set a folder that can be written`,
    )
  }
}

/** Null where there is no file yet. */
function readKey(file: string): string | null {
  let handle: number
  try {
    // Without NONBLOCK a named pipe in its place would hold up the start for ever.
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    if (code === 'ELOOP') throw new ConfigurationError(file, 'is a symbolic link: remove it, and a new key is made')
    throw error
  }
  try {
    const stat = fstatSync(handle)
    const text = stat.isFile() && stat.size < 1024 ? readFileSync(handle, 'utf8').trim() : ''
    if (!isClientKey(text)) {
      throw new ConfigurationError(file, 'does not hold a client key: remove it, and a new one is made')
    }
    return text
  } finally {
    closeSync(handle)
  }
}

/** The new key, or that of a process which was first. */
function writeNewKey(dataDir: string, file: string): string {
  const { key } = createClientKey({ domain: LABEL })
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const temporary = join(dataDir, `.client-key.${randomUUID()}`)
  const handle = openSync(temporary, 'wx', 0o600)
  try {
    writeFileSync(handle, `${key}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    linkSync(temporary, file)
    return key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return readKey(file) ?? key
  } finally {
    unlinkSync(temporary)
  }
}

function toRecord(key: string, domain: string): ClientKey {
  return toClientKey(key, { domain, label: LABEL, createdAt: null, expiresAt: null })
}
