import { createInterface } from 'node:readline/promises'
import type { Readable } from 'node:stream'
import { Writable } from 'node:stream'

/** No secret is longer: 64 KiB. */
const MAX_BYTES = 64 * 1024

/** Where a person, or a pipe, answers. */
export interface Console {
  readonly input: Readable & { readonly isTTY?: boolean }
  /** Questions go to standard error, so that standard output holds results alone. */
  readonly output: Writable
}

const processConsole: Console = {
  get input() {
    return process.stdin
  },
  get output() {
    return process.stderr
  },
}

/** Told to whoever runs the command: it did not do what it was asked. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** Whether there is somebody to ask. */
export function isInteractive({ input }: Console = processConsole): boolean {
  return input.isTTY === true
}

/** Asks a person for one line that is not shown as it is typed. */
export async function askHidden(question: string, { input, output }: Console = processConsole): Promise<string> {
  output.write(`${question}: `)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  try {
    return (await ask(input, nowhere, '')).trim()
  } finally {
    output.write('\n')
  }
}

/** Asks a person for one line. */
export async function askLine(question: string, { input, output }: Console = processConsole): Promise<string> {
  return (await ask(input, output, `${question}: `)).trim()
}

/** Reads what a pipe or file holds, without the white space around it. */
export function readAll(console: Console = processConsole): Promise<string> {
  return read(console, () => false)
}

/** Reads one line of a pipe or file, which may stay open, without the white space around it. */
export async function readLine(console: Console = processConsole): Promise<string> {
  const text = await read(console, (chunk) => chunk.includes('\n'))
  return text.split('\n')[0]!.trim()
}

async function read({ input }: Console, isLast: (chunk: Buffer) => boolean): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of input) {
    length += chunk.length
    if (length > MAX_BYTES) throw new RefusedError('standard input holds more than 64 KiB: that is no secret')
    chunks.push(Buffer.from(chunk))
    if (isLast(chunk)) break
  }
  return Buffer.concat(chunks).toString('utf8').trim()
}

/**
 * Asks for "yes" where somebody is there to ask; scripts have decided by running the command.
 *
 * @throws RefusedError for any other answer
 */
export async function confirm(question: string, console: Console = processConsole): Promise<void> {
  if (!isInteractive(console)) return
  const answer = await askLine(`${question} Type "yes" to go on`, console)
  if (answer !== 'yes') throw new RefusedError('nothing was changed')
}

/** Ctrl-C and the end of the input are an answer too: none. */
async function ask(input: Readable, output: Writable, query: string): Promise<string> {
  const lines = createInterface({ input, output, terminal: true })
  const stopped = new AbortController()
  lines.once('SIGINT', () => stopped.abort())
  lines.once('close', () => stopped.abort())
  try {
    return await lines.question(query, { signal: stopped.signal })
  } catch {
    throw new RefusedError('nothing was changed')
  } finally {
    lines.close()
  }
}
