import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { onTestFinished } from 'vitest'
import { runCommandLine } from '../../src/command-line.js'
import { makeFolder, type Variables } from './command.js'

/** What {@link startHere} started: the streams as its command sees them, and what it has printed. */
export interface CommandHere {
  readonly process: { readonly stdin: PassThrough; readonly stdout: PassThrough }
  readonly output: { stdout: string; stderr: string }
  /** The exit code, once all is printed. */
  readonly exited: Promise<number>
}

/** Thrown where the command would end its process. */
class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit code ${code}`)
  }
}

let isRunning = false

/**
 * Runs `prompt-train` in this process, which spares a start: for what a command does and says. That it ends by itself, as
 * built, is for a process of its own to show. One at a time, as it has the folder, variables and streams of this process.
 */
export function startHere(args: readonly string[], variables: Variables = {}, folder = makeFolder()): CommandHere {
  if (isRunning) throw new Error('another command runs here')
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].setEncoding('utf8').on('data', (text) => (output[name] += text))
  }
  const putBack = replace(streams, variables, folder)
  // Also where the command hangs, or the test ends before it.
  onTestFinished(putBack)
  const exited = runCommandLine(args)
    .then(
      () => Number(process.exitCode ?? 0),
      (error: unknown) => {
        if (error instanceof Exit) return error.code
        throw error
      },
    )
    .finally(putBack)
    .then(async (code) => {
      const ended = [streams.stdout, streams.stderr].map((stream) => once(stream.end(), 'end'))
      await Promise.all(ended)
      return code
    })
  return { process: streams, output, exited }
}

/** Gives this process what one of its own would have; returns what undoes that. */
function replace(streams: object, variables: Variables, folder: string): () => void {
  const { env, exit, exitCode } = process
  const cwd = process.cwd()
  const descriptors = Object.keys(streams).map(
    (name) => [name, Object.getOwnPropertyDescriptor(process, name)!] as const,
  )
  for (const [name, value] of Object.entries(streams)) {
    Object.defineProperty(process, name, { value, configurable: true })
  }
  process.env = { PATH: env.PATH, STORAGE_ENABLED: 'false', ...variables }
  process.exit = (code) => {
    throw new Exit(Number(code ?? 0))
  }
  process.exitCode = undefined
  process.chdir(folder)
  isRunning = true
  let isBack = false
  return () => {
    if (isBack) return
    isBack = true
    isRunning = false
    for (const [name, descriptor] of descriptors) Object.defineProperty(process, name, descriptor)
    Object.assign(process, { env, exit, exitCode })
    process.chdir(cwd)
  }
}
