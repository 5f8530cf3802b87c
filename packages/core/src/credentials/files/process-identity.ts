import { hash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

/** `<place>.<pid>.<start>.<random>`: where a process runs, its id, when it started, and one lock of it. */
const HOLDER_NAME = /^([0-9a-f]{16}|elsewhere)\.(\d{1,10})\.(\d{1,20})\.[0-9a-f]{16}$/

/** A fresh name for a lock that this process holds. */
export function nameHolder(): string {
  const start = place === null ? '0' : (readStart(process.pid)?.start ?? '0')
  return `${place ?? 'elsewhere'}.${process.pid}.${start}.${randomBytes(8).toString('hex')}`
}

/**
 * Whether the process that took this name is known to be gone: one of this very place that has ended, or whose id
 * another process has now. Of other places nothing is known.
 */
export function isHolderGone(holder: string): boolean {
  const [, itsPlace, pid, start] = HOLDER_NAME.exec(holder) ?? []
  if (place === null || itsPlace !== place) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true
  }
  const running = readStart(Number(pid))
  return running !== null && (running.start !== start || running.isZombie)
}

/**
 * This boot of this machine and this namespace of process ids, which containers have of their own; null where the
 * system does not tell (other than Linux).
 */
const place = ((): string | null => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
    return hash('sha256', boot + readlinkSync('/proc/self/ns/pid')).slice(0, 16)
  } catch {
    return null
  }
})()

/** When a process started, in ticks since boot, and whether it has ended but was not yet waited for: proc(5), stat. */
function readStart(pid: number): { readonly start: string; readonly isZombie: boolean } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name before it is in parentheses and may hold anything. What follows starts with field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { start: fields[19]!, isZombie: fields[0] === 'Z' || fields[0] === 'X' }
  } catch {
    return null
  }
}
