import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLogDestination } from './log-destination.js'

function open(flags = 'w'): { fd: number; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'log-'))
  const path = join(folder, 'log')
  const fd = openSync(path, flags)
  onTestFinished(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  return { fd, path }
}

describe('createLogDestination', () => {
  it('writes every line in order', async () => {
    const { fd, path } = open()
    const destination = createLogDestination(fd)
    const lines = Array.from({ length: 1000 }, (_, i) => `${i}\n`)
    for (const line of lines) destination.write(line)
    await destination.end()
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''))
    expect(destination.lost).toBe(0)
  })

  it('counts what cannot be written, and goes on', async () => {
    const fd = openSync('/dev/full', 'w')
    onTestFinished(() => closeSync(fd))
    const destination = createLogDestination(fd)
    for (let i = 0; i < 10; i++) destination.write('x\n')
    await destination.end()
    expect(destination.lost).toBe(10)
  })

  it.each(['', 'process.exit()', 'setImmediate(() => { throw new Error("FAKE") })'])(
    'writes what waits when the process ends: %s',
    (ending) => {
      const { path } = open()
      const script = `import { createLogDestination } from ${JSON.stringify(new URL('./log-destination.ts', import.meta.url))}
        import { openSync } from 'node:fs'
        const destination = createLogDestination(openSync(${JSON.stringify(path)}, 'w'))
        destination.write('1, '); destination.write('2'); ${ending}`
      spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
      expect(readFileSync(path, 'utf8')).toBe('1, 2')
    },
  )

  it('keeps a bounded part of what nobody reads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'log-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'pipe')
    expect(spawnSync('mkfifo', [path]).status).toBe(0)
    const fd = openSync(path, 'r+')
    onTestFinished(() => closeSync(fd))
    const destination = createLogDestination(fd)
    const line = `${'x'.repeat(1024 * 1024 - 1)}\n`
    for (let i = 0; i < 20; i++) destination.write(line)
    expect(destination.lost).toBe(10)
  })
})
