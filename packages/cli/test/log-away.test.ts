import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { makeFolder } from './support/command.js'

const BIN = fileURLToPath(new URL('../bin/prompt-train.js', import.meta.url))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const children: ChildProcess[] = []
// Before the folders are removed: killed, a server would leave its database at work in one.
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null && child.kill()) await once(child, 'exit')
})

/** Starts `serve` with standard output as given; it cannot say where it listens. */
async function start(stdout: 'pipe' | number, variables: Record<string, string>) {
  const port = await freePort()
  const child = spawn(process.execPath, [BIN, 'serve'], {
    cwd: makeFolder(),
    env: { PATH: process.env.PATH, PORT: String(port), ...variables },
    stdio: ['ignore', stdout, 'ignore'],
  })
  children.push(child)
  const ask = () => fetch(`http://127.0.0.1:${port}/v1/messages`, { method: 'POST', signal: AbortSignal.timeout(5000) })
  return { child, ask }
}

describe.each(['false', 'true'])('serve whose log goes nowhere, LOG_PRETTY=%s', { timeout: 60_000 }, (LOG_PRETTY) => {
  it('serves on a full disk, and stops when told to', async () => {
    const { child, ask } = await start(openSync('/dev/full', 'w'), { LOG_PRETTY })
    await expect.poll(() => ask().then(({ status }) => status, String), { timeout: 45_000 }).toBe(401)
    for (let i = 0; i < 20; i++) expect((await ask()).status).toBe(401)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  it('serves on when its reader leaves', async () => {
    const { child, ask } = await start('pipe', { LOG_PRETTY })
    await once(child.stdout!, 'data')
    child.stdout!.destroy()
    await expect.poll(() => ask().then(({ status }) => status, String), { timeout: 45_000 }).toBe(401)
    for (let i = 0; i < 20; i++) expect((await ask()).status).toBe(401)
  })
})
