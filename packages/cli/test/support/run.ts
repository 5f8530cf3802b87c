import { promptTrain, type Variables } from './command.js'
import { startHere } from './here.js'

/** What a command that ends by itself did. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Given {
  readonly input?: string
  readonly variables?: Variables
}

/** Runs `prompt-train` in `folder` to its end, in this process, with `input` on standard input. */
export async function run(folder: string, line: string, { input = '', variables }: Given = {}): Promise<Ended> {
  const { process, output, exited } = startHere(line.split(' '), variables, folder)
  process.stdin.end(input)
  return { code: await exited, ...output }
}

/** The same as a process of its own, as built. */
export async function runProcess(folder: string, line: string, { input = '', variables }: Given = {}): Promise<Ended> {
  const { process, output, exited } = promptTrain(line.split(' '), variables, folder)
  process.stdin.end(input)
  return { code: await exited, ...output }
}

/** {@link run} with `--json`: the value on standard output. */
export async function runJson(folder: string, line: string, variables: Variables = {}) {
  return toJson(line, await run(folder, `${line} --json`, { variables }))
}

/** {@link runProcess} with `--json`: the value on standard output. */
export async function runJsonProcess(folder: string, line: string, variables: Variables = {}) {
  return toJson(line, await runProcess(folder, `${line} --json`, { variables }))
}

function toJson(line: string, { code, stdout, stderr }: Ended) {
  if (code !== 0) throw new Error(`${line}: exit code ${code}: ${stderr}`)
  return JSON.parse(stdout)
}
