import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../clock.js'
import { removeFile, replaceFile } from './fenced-write.js'
import { takeFolderLock } from './folder-lock.js'
import { nameHolder } from './process-identity.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A holder of another machine, of which only its heartbeat tells. */
const STRANGER = `${'0'.repeat(16)}.1.1.${'0'.repeat(16)}`
/** A waiter's clocks: after its first look six seconds are gone, and the clock that can be set is an hour behind. */
const impatient = () => {
  let looks = 0
  return { monotonic: () => (looks++ === 0 ? 0 : 6000), now: () => Date.now() - 3_600_000 }
}

/** What a taker-over does to a holder. */
function evict(path: string): void {
  rmSync(path, { recursive: true })
}

describe('takeFolderLock', () => {
  it('leaves nothing behind', async () => {
    const lock = await takeFolderLock(folder, 'example.com', systemClock)
    expect(readdirSync(folder)).toEqual(['.example.com.lock'])
    expect(statSync(lock.path).mode & 0o777).toBe(0o700)
    expect(await lock.release()).toBe(true)
    expect(readdirSync(folder)).toEqual([])
  })

  it('waits for the holder, and is released once', async () => {
    const first = await takeFolderLock(folder, 'example.com', systemClock)
    let isTaken = false
    const second = takeFolderLock(folder, 'example.com', systemClock).then((lock) => {
      isTaken = true
      return lock
    })
    const other = await takeFolderLock(folder, 'example.org', systemClock)
    await other.release()
    expect(isTaken).toBe(false)
    expect(await first.release()).toBe(true)
    const { release } = await second
    expect(await first.release()).toBe(true)
    expect(await release()).toBe(true)
  })

  it('is held by one at a time, though several take over from a stranger that shows no life', async () => {
    mkdirSync(join(folder, '.example.com.lock', STRANGER), { recursive: true })
    writeFileSync(join(folder, '.example.com.lock', STRANGER, 'next'), 'half written')
    let holders = 0
    const work = async () => {
      const lock = await takeFolderLock(folder, 'example.com', impatient())
      holders += 1
      expect(holders).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      holders -= 1
      expect(await lock.release()).toBe(true)
    }
    await Promise.all([work(), work(), work(), work()])
    expect(readdirSync(folder)).toEqual([])
  })

  it('finds an empty lock free', async () => {
    mkdirSync(join(folder, '.example.com.lock'))
    const lock = await takeFolderLock(folder, 'example.com', systemClock)
    expect(await lock.release()).toBe(true)
  })

  it('sweeps up what a process left that was killed before it took its lock', async () => {
    const [place, , , random] = nameHolder().split('.')
    const left = `.lock.${place}.${process.pid}.1.${random}`
    mkdirSync(join(folder, left, 'x'), { recursive: true })
    mkdirSync(join(folder, `.lock.${nameHolder()}`))
    const lock = await takeFolderLock(folder, 'example.com', systemClock)
    expect(readdirSync(folder)).not.toContain(left)
    expect(readdirSync(folder)).toHaveLength(2)
    await lock.release()
  })

  it('names the lock, the code and the call where it cannot be made', async () => {
    writeFileSync(join(folder, '.example.com.lock'), '')
    await expect(takeFolderLock(folder, 'example.com', systemClock)).rejects.toMatchObject({
      code: 'write_failed',
      message: `${join(folder, '.example.com.lock')}: cannot be written (ENOTDIR in scandir)`,
    })
  })
})

describe('a holder that was evicted', () => {
  it('replaces nothing', async () => {
    const path = join(folder, 'example.com.json')
    const lock = await takeFolderLock(folder, 'example.com', systemClock)
    evict(lock.path)
    const next = await takeFolderLock(folder, 'example.com', systemClock)
    await replaceFile(next, path, 'newer')
    await expect(replaceFile(lock, path, 'late')).rejects.toMatchObject({ code: 'lease_lost' })
    await expect(removeFile(lock, path)).rejects.toMatchObject({ code: 'lease_lost' })
    expect(await lock.release()).toBe(false)
    expect(lock.signal.aborted).toBe(true)
    expect(statSync(path).size).toBe('newer'.length)
    expect(await next.release()).toBe(true)
  })

  it('publishes nothing even with its new file written, for the name of that file is gone with the lock', async () => {
    const path = join(folder, 'example.com.json')
    const lock = await takeFolderLock(folder, 'example.com', systemClock)
    const next = join(lock.path, 'next')
    writeFileSync(next, 'late')
    evict(lock.path)
    await takeFolderLock(folder, 'example.com', systemClock)
    expect(() => renameSync(next, path)).toThrow('ENOENT')
  })
})
