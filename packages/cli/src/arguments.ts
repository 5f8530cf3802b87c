import { parseArgs } from 'node:util'
import { type Command, commands, type Given, showHelp, showVersion } from './commands.js'
import { generalHelp, toGroupHelp } from './help.js'
import { UsageError } from './usage-error.js'

/** A command line that is understood. */
export interface ParsedArguments {
  readonly command: Pick<Command, 'load'>
  readonly given: Given
}

/** Upstream credentials, client keys, bearer headers, and what is as long and as random as they are. */
const SECRET = /sk-ant-|cnp_(?:live|test)_|^bearer |^(?:[\w-]+:)?[A-Za-z0-9+/_-]{40,}={0,2}$/i
/** What the options of a command are, by name. */
type Kinds = ReadonlyMap<string, 'flag' | 'value'>

/**
 * Finds the command and what it is given.
 *
 * @throws UsageError when there is no such command or option, one is missing, or an argument looks like a secret
 */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const command = commands.find(({ name }) => isPrefix(name.split(' '), args))
  if (command === undefined) return parseGlobal(args)
  const help = `prompt-train ${command.name}`
  if (args.some((argument) => SECRET.test(argument.replace(/^--[\w-]+=/, '')))) {
    throw new UsageError(
      'an argument looks like a secret: arguments are seen by other users and kept in the history of the shell; ' +
        'secrets are read from standard input',
      help,
    )
  }
  const given = parseOptions(args.slice(command.name.split(' ').length), toKinds(command), help)
  if (given.flags.help) return { command: showHelp(command.help), given }
  assertComplete(command, given, help)
  return { command, given }
}

function parseGlobal(args: readonly string[]): ParsedArguments {
  const words = args.filter((argument) => !argument.startsWith('-'))
  const isGroup = words.length === 1 && commands.some(({ name }) => name.startsWith(`${words[0]} `))
  if (words.length > 0 && words[0] === args[0] && !isGroup) {
    throw new UsageError(`unknown command ${quote(words.slice(0, 2).join(' '))}`)
  }
  const options = args.filter((argument) => argument.startsWith('-'))
  const kinds: Kinds = new Map([
    ['help', 'flag'],
    ['version', 'flag'],
  ])
  const given = parseOptions(options, kinds, 'prompt-train')
  if (given.flags.version) return { command: showVersion, given }
  if (given.flags.help) return { command: showHelp(isGroup ? toGroupHelp(words[0]!) : generalHelp), given }
  if (!isGroup) throw new UsageError('no command given')
  throw new UsageError(`the command ${quote(words[0]!)} is not complete`, `prompt-train ${words[0]}`)
}

function toKinds({ flags, values }: Command): Kinds {
  return new Map([
    ...['help', ...flags].map((name) => [name, 'flag'] as const),
    ...values.map((name) => [name.replace('!', ''), 'value'] as const),
  ])
}

function parseOptions(args: readonly string[], kinds: Kinds, help: string): Given {
  const options = Object.fromEntries(
    [...kinds].map(([name, kind]) => [
      name,
      { type: kind === 'flag' ? 'boolean' : 'string', ...shortOf(name) } as const,
    ]),
  )
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  const flags: Record<string, boolean> = {}
  const values: Record<string, string> = {}
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const kind = kinds.get(name)
    if (kind === undefined) throw new UsageError(`unknown option ${quote(rawName)}`, help)
    if (kind === 'flag') {
      if (value !== undefined) throw new UsageError(`option ${quote(rawName)} takes no value`, help)
      flags[name] = true
    } else {
      // What looks like the next option is one: "--label --json" lacks the label.
      if (!value || (!inlineValue && value.startsWith('-'))) {
        throw new UsageError(`option ${quote(rawName)} needs a value`, help)
      }
      if (name in values) throw new UsageError(`option ${quote(rawName)} is given twice`, help)
      values[name] = value
    }
  }
  return { flags, values, operands }
}

function assertComplete({ values, operands }: Command, given: Given, help: string): void {
  const surplus = given.operands[operands.length]
  if (surplus !== undefined) throw new UsageError(`unexpected argument ${quote(surplus)}`, help)
  const missing = operands[given.operands.length]
  if (missing !== undefined && !missing.endsWith('?')) throw new UsageError(`${missing} is missing`, help)
  for (const name of values) {
    if (name.endsWith('!') && !(name.slice(0, -1) in given.values)) {
      throw new UsageError(`option "--${name.slice(0, -1)}" is missing`, help)
    }
  }
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
