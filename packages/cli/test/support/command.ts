import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { createWelcome } from '../../src/welcome.js'

const BIN = fileURLToPath(new URL('../../bin/prompt-train.js', import.meta.url))

export type Variables = Readonly<Record<string, string>>

/** A process of `prompt-train` and what it has printed. */
export interface Command {
  readonly process: ChildProcessWithoutNullStreams
  readonly output: { stdout: string; stderr: string }
  /** The exit code, once both streams have ended. */
  readonly exited: Promise<number | null>
}

/** What {@link printed} waits for. */
interface Printing extends Pick<Command, 'output'> {
  readonly process: Pick<ChildProcessWithoutNullStreams, 'stdout'>
  readonly exited: Promise<unknown>
}

/** `prompt-train serve` once it listens, with JSON lines on standard output unless the variables say otherwise. */
export interface Server extends Command {
  readonly address: string
  readonly curl: string
  readonly curlStream: string
  /** Every line of standard output so far. */
  lines(): Record<string, unknown>[]
}

/** A fresh folder for the length of the test, with a name that wants quoting in a shell. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "prompt train's "))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Writes `credentials/<name>` into `folder`, readable by its owner alone. */
export function writeCredentialFile(folder: string, name: string, content: object): void {
  const credentials = join(folder, 'credentials')
  mkdirSync(credentials, { recursive: true, mode: 0o700 })
  writeFileSync(join(credentials, name), JSON.stringify(content), { mode: 0o600 })
}

/** Runs `prompt-train`, with nothing of this process's environment but PATH; it records nothing unless told to. */
export function promptTrain(args: readonly string[], variables: Variables = {}, folder = makeFolder()): Command {
  const env = { PATH: process.env.PATH, STORAGE_ENABLED: 'false', ...variables }
  const child = spawn(process.execPath, [BIN, ...args], { cwd: folder, env })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { process: child, output, exited }
}

/** Runs `prompt-train serve` on a free port and waits until it listens. */
export async function serve(variables: Variables = {}, folder = makeFolder()): Promise<Server> {
  const command = promptTrain(['serve'], { PORT: '0', LOG_PRETTY: 'false', ...variables }, folder)
  const lines = () =>
    command.output.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  await printed(command, '"msg":"listening"}\n')
  const { address, upstream, access } = lines().find(({ msg }) => msg === 'listening')
  const { curl, curlStream } = createWelcome(address, upstream, access)
  return { ...command, address, curl, curlStream, lines }
}

/** Waits until standard output contains `text`; fails if the process ends first. */
export async function printed({ process, output, exited }: Printing, text: string): Promise<void> {
  while (!output.stdout.includes(text)) {
    const ended = await Promise.race([once(process.stdout, 'data').then(() => false), exited.then(() => true)])
    if (ended && !output.stdout.includes(text)) throw new Error(`ended without "${text}": ${output.stderr}`)
  }
}

/** Waits until the server has stored the exchange of a request. */
export async function recorded(server: Server, requestId: string): Promise<void> {
  // Its access line is written as the recorder takes it.
  await printed(server, requestId)
  const queued = async () => {
    const health = (await (await fetch(`${server.address}/health`)).json()) as { recorder: { queued: number } }
    return health.recorder.queued
  }
  await expect.poll(queued, { timeout: 10_000 }).toBe(0)
}

/** Runs a line in the shell, in another folder than the server's, and gives the pieces of its output as they came. */
export async function shell(line: string, variables: Variables = {}): Promise<string[]> {
  const child = spawn('sh', ['-c', line], { cwd: '/', env: { PATH: process.env.PATH, ...variables } })
  const pieces: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text) => pieces.push(text))
  child.stderr.setEncoding('utf8').on('data', (text) => pieces.push(text))
  await once(child, 'close')
  return pieces
}
