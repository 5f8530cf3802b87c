import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '@agent-prompt-train/core'
import { makePrivateFolder } from './private-folder.js'

/** A secret that is made on the first start and kept in a file of the data folder. */
export interface KeptSecret {
  /** Name of its file. */
  readonly name: string
  /** What it is, such as "a client key". */
  readonly what: string
  /** What can be done about a file that does not hold one. */
  readonly remedy: string
  isValid(text: string): boolean
  make(): string
}

/**
 * Opens the secret's file in the data folder, or makes it, readable by its owner alone.
 *
 * @throws ConfigurationError that names the file when it is not what this function writes
 */
export function openSecret(dataDir: string, secret: KeptSecret): { readonly file: string; readonly text: string } {
  const file = join(dataDir, secret.name)
  try {
    return { file, text: read(file, secret) ?? writeNew(dataDir, file, secret) }
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
function read(file: string, { what, remedy, isValid }: KeptSecret): string | null {
  let handle: number
  try {
    // Without NONBLOCK a named pipe in its place would hold up the start for ever.
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    if (code === 'ELOOP') throw new ConfigurationError(file, `is a symbolic link: ${remedy}`)
    throw error
  }
  try {
    const stat = fstatSync(handle)
    const text = stat.isFile() && stat.size < 1024 ? readFileSync(handle, 'utf8').trim() : ''
    if (!isValid(text)) throw new ConfigurationError(file, `does not hold ${what}: ${remedy}`)
    return text
  } finally {
    closeSync(handle)
  }
}

/** The new secret, or that of a process which was first. */
function writeNew(dataDir: string, file: string, secret: KeptSecret): string {
  const text = secret.make()
  makePrivateFolder(dataDir)
  const temporary = join(dataDir, `.${secret.name}.${randomUUID()}`)
  const handle = openSync(temporary, 'wx', 0o600)
  try {
    writeFileSync(handle, `${text}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    linkSync(temporary, file)
    return text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return read(file, secret) ?? text
  } finally {
    unlinkSync(temporary)
  }
}
