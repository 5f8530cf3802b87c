import { execFileSync } from 'node:child_process'
import { chownSync, statSync } from 'node:fs'

/** A user of the machine. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/**
 * Who the database runs as, where it cannot be this process's own user: Postgres refuses to run as root. Whoever owns the
 * data already, or else `nobody`, who is everywhere. Null for this process's own.
 */
export function chooseAccount(data: string): Account | null {
  if (process.getuid?.() !== 0) return null
  const stat = statSync(data, { throwIfNoEntry: false })
  if (stat !== undefined && stat.uid !== 0) return { uid: stat.uid, gid: stat.gid }
  const idOf = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** Gives a file or folder to the account. */
export function giveTo(account: Account | null, path: string): void {
  if (account !== null) chownSync(path, account.uid, account.gid)
}
