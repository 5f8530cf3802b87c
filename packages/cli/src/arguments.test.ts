import { describe, expect, it } from 'vitest'
import { parseArguments, UsageError } from './arguments.js'
import { commands, showVersion } from './commands.js'

const parse = (line: string) => parseArguments(line.split(' ').filter((word) => word !== ''))

describe('parseArguments', () => {
  it('finds every command and its options', () => {
    expect(parse('serve')).toEqual({ command: commands.find(({ name }) => name === 'serve'), values: {} })
    expect(parse('auth generate-key --json').values).toEqual({ json: true })
    expect(parse('auth generate-key --json').command).toBe(commands.find(({ name }) => name === 'auth generate-key'))
  })

  it.each([
    '--help',
    '-h',
    'serve --help',
    'serve -h',
    'auth generate-key --help --json',
    'auth --help',
    '--help serve',
  ])('shows help for "%s" without loading a command', (line) => {
    expect(parse(line).values.help).toBe(true)
    expect(commands).not.toContain(parse(line).command)
  })

  it('shows the version', () => {
    expect(parse('--version').command).toBe(showVersion)
  })

  it.each([
    ['', 'no command given', 'prompt-train'],
    ['serv', 'unknown command "serv"', 'prompt-train'],
    ['serv --help', 'unknown command "serv"', 'prompt-train'],
    ['auth', 'the command "auth" is not complete', 'prompt-train'],
    ['auth make', 'unknown command "auth make"', 'prompt-train'],
    ['--helpp', 'unknown option "--helpp"', 'prompt-train'],
    ['serve --port=80', 'unknown option "--port"', 'prompt-train serve'],
    ['serve --no-help', 'unknown option "--no-help"', 'prompt-train serve'],
    ['serve -p', 'unknown option "-p"', 'prompt-train serve'],
    ['serve now', 'unexpected argument "now"', 'prompt-train serve'],
    ['auth generate-key --json=yes', 'option "--json" takes no value', 'prompt-train auth generate-key'],
  ])('refuses "%s": %s', (line, problem, help) => {
    expect(() => parse(line)).toThrow(new UsageError(problem, help))
  })

  it('does not repeat a key that was given by mistake', () => {
    for (const line of ['sk-ant-api03-FAKEFAKEFAKEFAKE', 'serve sk-ant-api03-FAKEFAKEFAKEFAKE']) {
      expect(() => parse(line)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('FAKE') }))
    }
  })
})
