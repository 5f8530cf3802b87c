import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { canaries } from './canaries.js'

const BIN = join(
  dirname(createRequire(import.meta.url).resolve('@agent-prompt-train/cli/package.json')),
  'bin/prompt-train.js',
)

export type Variables = Readonly<Record<string, string>>

/** A process of the command, and all that it has written. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams
  readonly output: { text: string }
  /** The exit code, once both streams have ended. */
  readonly exited: Promise<number | null>
}

/** A fresh folder for the length of the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'canary-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Writes `credentials/<name>`, readable by its owner alone. */
export function writeCredentialFile(folder: string, name: string, content: string): void {
  mkdirSync(join(folder, 'credentials'), { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'credentials', name), content, { mode: 0o600 })
}

/** Starts `prompt-train` with canaries in the variables that it knows and in one that it does not. */
export function start(folder: string, args: readonly string[], variables: Variables = {}, input = ''): Running {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      AWS_SECRET_ACCESS_KEY: canaries.environment.secret,
      STORAGE_ENABLED: 'false',
      SLACK_WEBHOOK_URL: canaries.webhook.value,
      DASHBOARD_API_KEY: canaries.environment.secret,
      ...variables,
    },
  })
  const output = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output.text += text))
  // A command that ends at once reads no input.
  child.stdin.on('error', () => {}).end(input)
  const exited = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { child, output, exited }
}
