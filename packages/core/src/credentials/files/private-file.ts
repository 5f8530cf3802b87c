import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { dirname, sep } from 'node:path'
import { ConfigurationError } from '../../errors.js'

/** No credential file is larger: 64 KiB. */
export const MAX_FILE_BYTES = 64 * 1024
/** A link is not followed; a FIFO does not wait for its writer. Windows has neither flag. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** How strictly files are looked at. */
export interface FileRules {
  readonly permissions: 'enforce' | 'warn'
  readonly symlinks: 'refuse' | 'inside'
}

/** A file that was read. */
export interface PrivateFile {
  readonly text: string
  /** What tells this state of the file from another. */
  readonly stamp: string
  /** Epoch milliseconds of its last change of any kind, by the file system's clock. */
  readonly changedAt: number
  /** What is wrong with its owner or mode, where that is only warned of. */
  readonly looseness: string | null
}

/** What tells one state of a file from another, without reading it; throws the file system's error. */
export function stampOf(path: string, { symlinks }: FileRules): string {
  return toStamp(lookAt(path, symlinks))
}

/**
 * Reads a small file that nobody else may read or have put there. What is judged is the open file, so that it cannot
 * be exchanged between the look and the reading.
 *
 * @throws ConfigurationError that names the file and how to mend it
 */
export function readPrivateFile(path: string, rules: FileRules, maxBytes = MAX_FILE_BYTES): PrivateFile {
  try {
    // Opening a device can do things: only what looks like a file is opened.
    assertPlainFile(path, lookAt(path, rules.symlinks), maxBytes)
    const file = openSync(rules.symlinks === 'inside' ? resolveInside(path) : path, OPEN_FLAGS)
    try {
      const stat = fstatSync(file, { bigint: true })
      assertPlainFile(path, stat, maxBytes)
      const looseness = judgeAccess(path, stat, '600', rules)
      const buffer = Buffer.alloc(Number(stat.size) + 1)
      const length = readSync(file, buffer, 0, buffer.length, 0)
      return {
        text: buffer.toString('utf8', 0, length),
        stamp: toStamp(stat),
        changedAt: Number(stat.ctimeMs),
        looseness,
      }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw toReadError(path, error)
  }
}

/**
 * Checks that `folder` is one, and its owner's alone; returns what is wrong where that is only warned of.
 *
 * @throws ConfigurationError that names the folder and how to mend it
 */
export function assertPrivateFolder(folder: string, rules: FileRules): string | null {
  try {
    const stat = statSync(folder, { bigint: true })
    if (!stat.isDirectory()) throw new ConfigurationError(folder, 'is not a folder')
    return judgeAccess(folder, stat, '700', rules)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new ConfigurationError(folder, 'is not there: make the folder with mkdir -m 700, or mend its path')
    }
    throw toReadError(folder, error)
  }
}

/** An error of the file system as one that names the file, and nothing else of the system's text. */
export function toReadError(path: string, error: unknown): ConfigurationError {
  if (error instanceof ConfigurationError) return error
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  return new ConfigurationError(path, `cannot be read (${code})`)
}

function lookAt(path: string, symlinks: FileRules['symlinks']): BigIntStats {
  return symlinks === 'inside' ? statSync(path, { bigint: true }) : lstatSync(path, { bigint: true })
}

function resolveInside(path: string): string {
  const target = realpathSync(path)
  if (!target.startsWith(realpathSync(dirname(path)) + sep)) {
    throw new ConfigurationError(path, 'is a symbolic link out of the folder')
  }
  return target
}

function assertPlainFile(path: string, stat: BigIntStats, maxBytes: number): void {
  if (stat.isSymbolicLink()) {
    throw new ConfigurationError(
      path,
      'is a symbolic link: put the file itself there, or allow links by symlinks: "inside"',
    )
  }
  if (!stat.isFile()) throw new ConfigurationError(path, 'is not a regular file')
  if (stat.nlink > 1n) throw new ConfigurationError(path, 'has a second name (a hard link): remove the other one')
  if (stat.size > maxBytes) throw new ConfigurationError(path, `is larger than ${maxBytes / 1024} KiB`)
}

function judgeAccess(
  path: string,
  stat: BigIntStats,
  wanted: '600' | '700',
  { permissions }: FileRules,
): string | null {
  const problem = accessProblem(path, stat, wanted)
  if (problem !== null && permissions === 'enforce') throw new ConfigurationError(path, problem)
  return problem
}

function accessProblem(path: string, { mode, uid }: BigIntStats, wanted: '600' | '700'): string | null {
  const own = process.geteuid?.()
  // Windows has no such modes and owners.
  if (own === undefined) return null
  if (uid !== 0n && uid !== BigInt(own)) return `belongs to another user: run chown ${own} '${path}'`
  return (mode & 0o077n) === 0n ? null : `can be read or changed by other users: run chmod ${wanted} '${path}'`
}

function toStamp({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':')
}
