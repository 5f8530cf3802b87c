import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, ENVIRONMENT, HERE } from './cluster.js'

/** The running server of a cluster, whoever started it. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** Whether it takes connections. */
  readonly ready: boolean
}

/** How long it may take to end in order. */
const STOP_MS = 10_000
const LOCAL = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=60']
/** Texts of failed statements stay out of the log. */
const QUIET = ['log_min_error_statement=panic', 'log_error_verbosity=terse']

/**
 * Finds the server by the file that it keeps in its data; null where none runs. The file of one that was killed is removed: in a
 * container its process id is soon another's, and Postgres would refuse to start.
 */
export function findPostmaster({ data }: Cluster): Postmaster | null {
  const file = join(data, 'postmaster.pid')
  let lines: string[]
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const pid = Number(lines[0])
  // One that is just being written.
  if (!Number.isInteger(pid) || pid <= 0) return null
  if (!isRunning(pid, data)) {
    rmSync(file, { force: true })
    return null
  }
  return { pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === 'ready' }
}

/** Starts a server that outlives a Ctrl-C meant for this process. */
export async function startPostmaster({ folder, data, bin, account }: Cluster): Promise<ChildProcess> {
  const settings = [`port=${await findFreePort()}`, ...LOCAL, ...QUIET].flatMap((setting) => ['-c', setting])
  const log = openSync(join(folder, 'log'), 'w', 0o600)
  try {
    const server = spawn(join(bin, 'postgres'), ['-D', HERE, ...settings], {
      ...account,
      cwd: data,
      env: ENVIRONMENT,
      stdio: ['ignore', log, log],
      detached: true,
    })
    // Its end tells: without a listener the error would end this process.
    server.on('error', () => {})
    server.unref()
    return server
  } finally {
    closeSync(log)
  }
}

/** The last thing that the server said of why it does not run. */
export function lastWords({ folder }: Cluster): string {
  const lines = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n')
  return (lines.findLast((line) => line.includes('FATAL')) ?? lines.at(-1)!).replace(/^.*?(?:FATAL|LOG): +/, '')
}

/** Tells the server to end, which its sessions do not hold up. */
export function endPostmaster(cluster: Cluster, signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): void {
  const running = findPostmaster(cluster)
  if (running !== null) process.kill(running.pid, signal)
}

/** Waits until none runs; one that does not end in order is cut, and recovers at its next start. */
export async function untilEnded(cluster: Cluster): Promise<void> {
  for (const until = Date.now() + STOP_MS; findPostmaster(cluster) !== null; await sleep(20)) {
    if (Date.now() > until) return endPostmaster(cluster, 'SIGQUIT')
  }
}

function isRunning(pid: number, data: string): boolean {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data)
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
