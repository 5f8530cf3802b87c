import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { isHolderGone, nameHolder } from './process-identity.js'

/** The name with another process id or start time in it. */
function rename(holder: string, change: { readonly place?: string; readonly pid?: number; readonly start?: string }) {
  const [place, pid, start, random] = holder.split('.')
  return [change.place ?? place, change.pid ?? pid, change.start ?? start, random].join('.')
}

const endedPid = spawnSync(process.execPath, ['--version']).pid

describe('isHolderGone', () => {
  it('knows that this process lives', () => {
    expect(isHolderGone(nameHolder())).toBe(false)
  })

  it('gives each lock a name of its own', () => {
    expect(nameHolder()).not.toBe(nameHolder())
  })

  it('knows nothing of names that it did not give', () => {
    for (const name of ['', 'x', '..', 'elsewhere.1.1.0123456789abcdef']) expect(isHolderGone(name)).toBe(false)
  })

  it.runIf(process.platform === 'linux')('tells a process that has ended (Linux tells)', () => {
    expect(isHolderGone(rename(nameHolder(), { pid: endedPid }))).toBe(true)
  })

  it.runIf(process.platform === 'linux')('tells a process that has the id of one that has ended (Linux tells)', () => {
    expect(isHolderGone(rename(nameHolder(), { start: '1' }))).toBe(true)
  })

  it('judges no process of another place', () => {
    expect(isHolderGone(rename(nameHolder(), { place: '0'.repeat(16), pid: endedPid }))).toBe(false)
  })
})
