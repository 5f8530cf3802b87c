import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('credential-process.mjs', import.meta.url))

/** A process that works on a credential folder. */
export interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  /** Resolves once the process has printed this line. */
  said(line: string): Promise<void>
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
}

/** Starts a process; `args` are the folder, the job and what it takes. */
export function startChild(...args: readonly string[]): Child {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  const waiting = new Map<string, () => void>()
  const note = (chunk: Buffer) => {
    output += String(chunk)
    for (const [line, resolve] of waiting) if (output.split('\n').includes(line)) resolve()
  }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  const ended = new Promise<number | string | null>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  return {
    process: child,
    ended,
    said: (line) =>
      new Promise((resolve, reject) => {
        waiting.set(line, resolve)
        note(Buffer.alloc(0))
        void ended.then(() => reject(new Error(`The process ended without saying "${line}":\n${output}`)))
      }),
  }
}
