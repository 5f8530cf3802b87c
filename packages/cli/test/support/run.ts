import { promptTrain, type Variables } from './command.js'

/** What a command that ends by itself did. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `prompt-train` in `folder` to its end, with `input` on standard input. */
export async function run(
  folder: string,
  line: string,
  { input = '', variables = {} }: { readonly input?: string; readonly variables?: Variables } = {},
): Promise<Ended> {
  const { process, output, exited } = promptTrain(line.split(' '), variables, folder)
  process.stdin.end(input)
  return { code: await exited, ...output }
}

/** The same for `--json`: the value on standard output. */
export async function runJson(folder: string, line: string, variables: Variables = {}) {
  const { code, stdout, stderr } = await run(folder, `${line} --json`, { variables })
  if (code !== 0) throw new Error(`${line}: exit code ${code}: ${stderr}`)
  return JSON.parse(stdout)
}
