import { describe, expect, it, vi } from 'vitest'
import { parseArguments } from './arguments.js'
import { commands, showVersion } from './commands.js'
import { generalHelp } from './help.js'
import { UsageError } from './usage-error.js'

const parse = (line: string) => parseArguments(line.split(' ').filter((word) => word !== ''))

describe('parseArguments', () => {
  it('finds every command and its options', () => {
    expect(parse('serve')).toEqual({
      command: commands.find(({ name }) => name === 'serve'),
      given: { flags: {}, values: {}, operands: [] },
    })
    expect(parse('auth generate-key --json').given.flags).toEqual({ json: true })
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
    expect(parse(line).given.flags.help).toBe(true)
    expect(commands).not.toContain(parse(line).command)
  })

  it.each(['auth', 'credentials', 'keyring', 'keys', 'oauth'])(
    'shows the commands of "%s" with its --help',
    async (group) => {
      const { run } = await parse(`${group} --help`).command.load()
      const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
      await run({ flags: {}, values: {}, operands: [] })
      const [[text]] = write.mock.calls as unknown as [[string]]
      write.mockRestore()
      const names = commands.map(({ name }) => name)
      for (const name of names) expect(text.includes(`\n  ${name} `), name).toBe(name.startsWith(`${group} `))
    },
  )

  it('takes values and operands', () => {
    expect(parse('keys create --domain example.com --label=ci --json').given).toEqual({
      flags: { json: true },
      values: { domain: 'example.com', label: 'ci' },
      operands: [],
    })
    expect(parse('keys revoke FAKEabcd').given.operands).toEqual(['FAKEabcd'])
    expect(parse('keys revoke --all --domain=example.com --yes').given).toMatchObject({
      flags: { all: true, yes: true },
      operands: [],
    })
  })

  it('asks only for --help where that is given', () => {
    for (const { name } of commands) expect(parse(`${name} --help`).given.flags.help).toBe(true)
  })

  it('has help for every command that tells its options and operands', () => {
    for (const { name, help, flags, values, operands } of commands) {
      expect(generalHelp).toContain(`\n  ${name} `)
      expect(help).toContain(`Usage: prompt-train ${name}`)
      for (const option of [...flags, ...values]) expect(help).toContain(`\n      --${option.replace('!', '')} `)
      for (const operand of operands) expect(help).toContain(operand.replace('?', ''))
    }
  })

  it('shows the version', () => {
    expect(parse('--version').command).toBe(showVersion)
  })

  it.each([
    ['', 'no command given', 'prompt-train'],
    ['serv', 'unknown command "serv"', 'prompt-train'],
    ['serv --help', 'unknown command "serv"', 'prompt-train'],
    ['auth', 'the command "auth" is not complete', 'prompt-train auth'],
    ['auth make', 'unknown command "auth make"', 'prompt-train'],
    ['--helpp', 'unknown option "--helpp"', 'prompt-train'],
    ['serve --port=80', 'unknown option "--port"', 'prompt-train serve'],
    ['serve --no-help', 'unknown option "--no-help"', 'prompt-train serve'],
    ['serve -p', 'unknown option "-p"', 'prompt-train serve'],
    ['serve now', 'unexpected argument "now"', 'prompt-train serve'],
    ['auth generate-key --json=yes', 'option "--json" takes no value', 'prompt-train auth generate-key'],
    ['keys create', 'option "--domain" is missing', 'prompt-train keys create'],
    ['keys create --domain', 'option "--domain" needs a value', 'prompt-train keys create'],
    ['keys create --domain=', 'option "--domain" needs a value', 'prompt-train keys create'],
    ['keys create --domain --json', 'option "--domain" needs a value', 'prompt-train keys create'],
    ['keys create --domain a --domain b', 'option "--domain" is given twice', 'prompt-train keys create'],
    ['keys rotate', 'KEYID is missing', 'prompt-train keys rotate'],
    ['keys rotate a b', 'unexpected argument "b"', 'prompt-train keys rotate'],
    ['keys', 'the command "keys" is not complete', 'prompt-train keys'],
  ])('refuses "%s": %s', (line, problem, help) => {
    expect(() => parse(line)).toThrow(new UsageError(problem, help))
  })

  it.each([
    'serve sk-ant-api03-FAKEFAKEFAKEFAKE',
    'credentials add --domain example.com sk-ant-api03-FAKEFAKEFAKEFAKE',
    'credentials add --domain example.com --api-key=sk-ant-oat01-FAKEFAKE',
    'credentials add --domain example.com --type=FAKE+FAKE/FAKEFAKEFAKEFAKEFAKEFAKEFAKEFAKEFAKE=',
    'keys revoke cnp_live_FAKEFAKEFAKE',
    'keys create --domain cnp_test_FAKEFAKEFAKE --label x',
    `keyring create --id k1:${'FAKE'.repeat(10)}abc=`,
    'keys create --help sk-ant-FAKE',
  ])('refuses "%s" for the secret in it, and does not repeat it', (line) => {
    const problem = expect.stringMatching(/^an argument looks like a secret: .*read from standard input/)
    expect(() => parse(line)).toThrow(expect.objectContaining({ message: problem }))
    expect(() => parse(line)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('FAKE') }))
  })

  it('does not repeat a key that stands where a command should', () => {
    expect(() => parse('sk-ant-api03-FAKEFAKEFAKEFAKE')).toThrow(/^unknown command "sk-ant-a…"/)
  })

  it('takes names for what they are', () => {
    const domain = 'a-department-with-a-rather-long-name.engineering.example.com'
    expect(parse(`keys create --domain ${domain} --label ${'word-'.repeat(5)}`).given.values.domain).toBe(domain)
  })
})
