import { StorageError, silentLogger } from '@agent-prompt-train/core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { schedulePurge } from './scheduled-purge.js'

const HOURS_MS = 3_600_000
const RETENTION = { recordsMs: 365 * 24 * HOURS_MS, bodiesMs: 30 * 24 * HOURS_MS }

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

function open(purge: () => Promise<{ records: number; bodies: number }>) {
  const lines: [level: string, facts: object, message: string][] = []
  const say = (level: string) => (facts: object, message: string) => void lines.push([level, facts, message])
  const purged = vi.fn(purge)
  const logger = { ...silentLogger, info: say('info'), warn: say('warn') }
  return { ...schedulePurge({ purge: purged }, RETENTION, logger), purged, lines }
}

it('purges at once and every 6 hours until it is stopped, and tells what went', async () => {
  const removed = [
    { records: 0, bodies: 0 },
    { records: 2, bodies: 3 },
  ]
  const { purged, lines, stop } = open(async () => removed.shift()!)
  expect(purged).toHaveBeenCalledWith(1_800_000_000_000, RETENTION)
  await vi.advanceTimersByTimeAsync(6 * HOURS_MS)
  expect(purged).toHaveBeenLastCalledWith(1_800_000_000_000 + 6 * HOURS_MS, RETENTION)
  expect(lines).toEqual([['info', { records: 2, bodies: 3 }, 'purged what was past its retention']])
  stop()
  await vi.advanceTimersByTimeAsync(24 * HOURS_MS)
  expect(purged).toHaveBeenCalledTimes(2)
})

it('tells once that the role may not, and goes on for the partitions ahead', async () => {
  const { purged, lines } = open(async () => {
    throw new StorageError('not_permitted', 'The database role lacks the right.')
  })
  await vi.advanceTimersByTimeAsync(12 * HOURS_MS)
  expect(purged).toHaveBeenCalledTimes(3)
  expect(lines).toEqual([['warn', {}, expect.stringContaining('prompt-train purge daily')]])
})

it('tells of each other failure, but not of one that stopping brings about', async () => {
  const { lines, stop } = open(async () => {
    throw new StorageError('unavailable', 'The database cannot be reached.')
  })
  await vi.advanceTimersByTimeAsync(0)
  const line = ['warn', { problem: 'The database cannot be reached.' }, expect.stringContaining('6 hours')]
  expect(lines).toEqual([line])
  await vi.advanceTimersByTimeAsync(6 * HOURS_MS)
  expect(lines).toEqual([line, line])
  stop()
  const late = open(async () => {
    throw new StorageError('unavailable', 'The storage is closed.')
  })
  late.stop()
  await vi.advanceTimersByTimeAsync(0)
  expect(late.lines).toEqual([])
})
