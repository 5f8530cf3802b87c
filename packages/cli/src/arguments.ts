import { parseArgs } from 'node:util'
import { type Command, commands, showHelp, showVersion } from './commands.js'

/** A command line that is not understood: exit code 2. The message names what, and the help that is nearest. */
export class UsageError extends Error {
  constructor(problem: string, help = 'prompt-train') {
    super(`${problem}\nSee: ${help} --help`)
  }
}

/** A command line that is understood. */
export interface ParsedArguments {
  readonly command: Pick<Command, 'load'>
  /** The options given, each `true`. */
  readonly values: Readonly<Record<string, boolean>>
}

/**
 * Finds the command and its options.
 *
 * @throws UsageError when there is no such command or option
 */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const command = commands.find(({ name }) => isPrefix(name.split(' '), args))
  if (command === undefined) return parseGlobal(args)
  const values = parseOptions(args.slice(command.name.split(' ').length), ['help', ...command.options], command.name)
  return { command: values.help ? showHelp(command.help) : command, values }
}

function parseGlobal(args: readonly string[]): ParsedArguments {
  const words = args.filter((argument) => !argument.startsWith('-'))
  const isGroup = words.length === 1 && commands.some(({ name }) => name.startsWith(`${words[0]} `))
  if (words.length > 0 && words[0] === args[0] && !isGroup) {
    throw new UsageError(`unknown command ${quote(words.slice(0, 2).join(' '))}`)
  }
  const options = args.filter((argument) => argument.startsWith('-'))
  const values = parseOptions(options, ['help', 'version'])
  if (values.version) return { command: showVersion, values }
  if (values.help) return { command: showHelp(), values }
  throw new UsageError(isGroup ? `the command ${quote(words[0]!)} is not complete` : 'no command given')
}

function parseOptions(args: readonly string[], names: readonly string[], command?: string): Record<string, boolean> {
  const help = command === undefined ? undefined : `prompt-train ${command}`
  const options = Object.fromEntries(names.map((name) => [name, { type: 'boolean', ...shortOf(name) }] as const))
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  const values: Record<string, boolean> = {}
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`unexpected argument ${quote(token.value)}`, help)
    if (token.kind !== 'option') continue
    if (!names.includes(token.name)) throw new UsageError(`unknown option ${quote(token.rawName)}`, help)
    if (token.value !== undefined) throw new UsageError(`option ${quote(token.rawName)} takes no value`, help)
    values[token.name] = true
  }
  return values
}

function shortOf(name: string): { short?: string } {
  return name === 'help' ? { short: 'h' } : {}
}

function isPrefix(words: readonly string[], args: readonly string[]): boolean {
  return words.every((word, i) => args[i] === word)
}

/** Long texts are cut: a key pasted into the wrong place must not be printed. */
function quote(text: string): string {
  return `"${text.length > 24 ? `${text.slice(0, 8)}…` : text}"`
}
