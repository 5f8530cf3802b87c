import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makePrivateFolder } from '../private-folder.js'
import { type Account, chooseAccount, giveTo } from './account.js'
import { type Software, toRunnable } from './software.js'

/** The embedded database on disk. */
export interface Cluster {
  /** What is beside the data: the password, the log, who uses it. */
  readonly folder: string
  readonly data: string
  /** The folder of the programs. */
  readonly bin: string
  readonly account: Account | null
  readonly user: string
  readonly password: string
}

const USER = 'prompt_train'

/**
 * How the programs are told where the data is, which is their working folder. On Linux this way leads there even where
 * only root may enter the folders above.
 */
export const HERE = process.platform === 'linux' ? '/proc/self/cwd' : '.'
/** The programs' whole environment: their messages are read. */
export const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' }

/** Whether a first start has made a database in `dataDir`. */
export function hasCluster(dataDir: string): boolean {
  return existsSync(join(dataDir, 'postgres', 'data'))
}

/** Opens the database's folder in `dataDir`, or makes it on the first start. */
export async function openCluster(dataDir: string, software: Software): Promise<Cluster> {
  const folder = join(dataDir, 'postgres')
  const data = join(folder, 'data')
  makePrivateFolder(folder)
  const account = chooseAccount(data)
  // The account may pass through to its data.
  if (account !== null) chmodSync(folder, 0o711)
  const bin = toRunnable(software, folder, account)
  if (!existsSync(data)) await initialise({ folder, data, bin, account })
  const password = readFileSync(join(folder, 'password'), 'utf8')
  return { folder, data, bin, account, user: USER, password }
}

/** Whole or not at all: it is made under another name. */
async function initialise({
  folder,
  data,
  bin,
  account,
}: Pick<Cluster, 'folder' | 'data' | 'bin' | 'account'>): Promise<void> {
  const password = join(folder, 'password')
  if (!existsSync(password)) {
    const temporary = join(folder, `password.${randomBytes(6).toString('hex')}`)
    writeFileSync(temporary, randomBytes(32).toString('base64url'), { mode: 0o600 })
    giveTo(account, temporary)
    renameSync(temporary, password)
  }
  const temporary = mkdtempSync(`${data}.`)
  giveTo(account, temporary)
  try {
    const options = ['-D', HERE, '-U', USER, '-A', 'scram-sha-256', '--pwfile', '../password', '-E', 'UTF8']
    await promisify(execFile)(join(bin, 'initdb'), [...options, '--no-instructions'], {
      ...account,
      cwd: temporary,
      env: ENVIRONMENT,
    })
    renameSync(temporary, data)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    // Another process was first.
    if (!existsSync(data)) throw error
  }
}
