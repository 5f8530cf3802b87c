import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('./support/recording-process.mjs', import.meta.url))
/** What docs/recording.md promises: gathering, encoding, the flush window and a write to disk, on a busy machine. */
const WINDOW_MS = 2_000

let folder: string
const children: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-'))
  writeFileSync(join(folder, 'key'), randomBytes(32).toString('base64'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a process; `answered` fills with what it prints. */
function start(task: 'serve' | 'replay') {
  const child = spawn(process.execPath, [SCRIPT, folder, task], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  let printed = ''
  child.stdout!.on('data', (data) => {
    printed += data
  })
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)))
  const answered = () =>
    printed
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' '))
      .map(([id, at, ms]) => ({ id: id!, at: Number(at), ms: Number(ms) }))
  return { child, ended, answered }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 800 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 25))
  expect(condition()).toBe(true)
}

function stored(): string[] {
  const path = join(folder, 'stored')
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!

describe('a process that records', () => {
  it.each(['stored', 'away', 'frozen'])('loses nothing by SIGTERM while the store is %s', async (state) => {
    if (state !== 'stored') writeFileSync(join(folder, state), '')
    const { child, ended, answered } = start('serve')
    await until(() => answered().length >= 100)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    if (state !== 'stored') {
      rmSync(join(folder, state))
      expect(await start('replay').ended).toBe(0)
    }
    expect(stored().sort()).toEqual(
      answered()
        .map(({ id }) => id)
        .sort(),
    )
  })

  it.each(['away', 'frozen'])('loses at most the window by SIGKILL while the store is %s', async (state) => {
    writeFileSync(join(folder, state), '')
    const { child, ended, answered } = start('serve')
    await until(() => answered().length >= 500)
    const killedAt = Date.now()
    child.kill('SIGKILL')
    await ended
    rmSync(join(folder, state))
    for (const name of readdirSync(join(folder, 'spill'))) {
      // It has been silent for two minutes.
      utimesSync(join(folder, 'spill', name, 'alive'), killedAt / 1000 - 120, killedAt / 1000 - 120)
    }
    expect(await start('replay').ended).toBe(0)
    const there = new Set(stored())
    expect(stored()).toHaveLength(there.size)
    const lost = answered().filter(({ id }) => !there.has(id))
    const patience = state === 'frozen' ? 2_000 : 0
    console.info(
      `${state}: ${lost.length} of ${answered().length} lost, the oldest ${killedAt - (lost[0]?.at ?? killedAt)} ms old`,
    )
    expect(lost.filter(({ at }) => at < killedAt - WINDOW_MS - patience)).toEqual([])
  })

  it('answers as fast while the store is away or frozen', async () => {
    const { answered } = start('serve')
    const figures: string[] = []
    for (const state of ['stored', 'away', 'frozen'] as const) {
      if (state !== 'stored') writeFileSync(join(folder, state), '')
      const from = answered().length + 50
      await until(() => answered().length >= from + 300)
      figures.push(
        `${state} ${median(
          answered()
            .slice(from)
            .map(({ ms }) => ms),
        ).toFixed(2)} ms`,
      )
      if (state !== 'stored') rmSync(join(folder, state))
    }
    console.info(`median time to answer: ${figures.join(', ')}`)
  })
})
