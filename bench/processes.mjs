// The parent's half of the start protocol: starts processes, each on its core where the system can pin, asks them for
// work, and ends them.
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const START_MS = 30_000

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/**
 * Cores for the proxies and for what feeds them, so that neither takes the other's time; null where the system cannot
 * pin or has one core only.
 */
export function planCores() {
  try {
    const allowed = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1].split(',')
    const cores = allowed.flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    })
    if (cores.length < 2) return null
    execFileSync('taskset', ['-c', String(cores[0]), 'true'], { stdio: 'ignore' })
    return { proxies: String(cores.at(-1)), feeders: cores.slice(0, -1).join(',') }
  } catch {
    return null
  }
}

/**
 * Starts `program`, a file beside this one, with its standard output in `logFile`, and waits until it listens.
 * @param {{ program: string, env?: Record<string, string>, cores: string | undefined, logFile?: string }} wanted
 */
export async function startProcess({ program, env = {}, cores, logFile }) {
  const command = [process.execPath, fileURLToPath(new URL(program, import.meta.url))]
  if (cores !== undefined) command.unshift('taskset', '-c', cores)
  const log = logFile === undefined ? 'ignore' : openSync(logFile, 'a')
  const child = spawn(command[0], command.slice(1), {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', log, 'pipe', 'ipc'],
  })
  if (log !== 'ignore') closeSync(log)
  running.add(child)
  let lastWords = ''
  child.stderr.on('data', (text) => {
    lastWords = (lastWords + text).slice(-2000)
  })
  const ended = new Promise((_, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      running.delete(child)
      reject(new Error(`${program} ended (${signal ?? code}). ${firstError(lastWords)}`.trim()))
    })
  })
  ended.catch(() => {})

  const { port } = await Promise.race([nextMessage(child, (message) => 'port' in message), ended, late(program)])
  let lastId = 0
  return {
    pid: child.pid,
    port,
    /** Sends `message` and waits for what comes of it. */
    async ask(message) {
      const id = ++lastId
      const answered = nextMessage(child, (answer) => answer.id === id)
      child.send({ id, ...message })
      const { result, error } = await Promise.race([answered, ended])
      if (error !== undefined) throw new Error(error)
      return result
    },
  }
}

/** Ends whatever was started and is still there. */
export function stopProcesses() {
  for (const child of running) child.kill('SIGKILL')
}

function nextMessage(child, matches) {
  return new Promise((resolve) => {
    const listener = (message) => {
      if (!matches(message)) return
      child.off('message', listener)
      resolve(message)
    }
    child.on('message', listener)
  })
}

function late(program) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${program} did not listen within ${START_MS / 1000} s`)), START_MS).unref()
  })
}

function firstError(text) {
  return text.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? ''
}
