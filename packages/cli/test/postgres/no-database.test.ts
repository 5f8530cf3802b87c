import { describe, expect, inject, it } from 'vitest'
import { makeFolder } from '../support/command.js'
import { run } from '../support/run.js'

const COMMANDS = ['serve', 'usage', 'keys list', 'migrate']

/** The connection string with some of its parts changed. */
function changed(parts: Partial<URL>): string {
  return Object.assign(new URL(inject('postgresUrl')), parts).href
}

describe.each<[string, () => string, RegExp]>([
  ['a wrong password', () => changed({ password: 'FAKE-password' }), /refuses the role or its password \(28P01\)/],
  ['an unknown role', () => changed({ username: 'nobody-here' }), /refuses the role or its password \(28P01\)/],
  ['an unknown database', () => changed({ pathname: '/not-here' }), /not-here on \S+: There is no such database/],
  [
    'a port that nobody listens on',
    () => changed({ port: '1' }),
    /on \S+:1: The connection is refused \(ECONNREFUSED\)/,
  ],
  [
    'an unknown host',
    () => changed({ hostname: 'postgres.invalid' }),
    /on postgres\.invalid:\d+: The host is not known/,
  ],
])('with %s in DATABASE_URL', (_, url, problem) => {
  it.each(COMMANDS)('%s says so in one line', async (line) => {
    const { code, stdout, stderr } = await run(makeFolder(), line, {
      variables: { DATABASE_URL: url(), STORAGE_ENABLED: 'true', LOG_PRETTY: 'false' },
    })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^prompt-train: DATABASE_URL: [^\n]+: [^\n]+\n$/)
    expect(stderr).toMatch(problem)
    expect(stderr).not.toContain('FAKE')
  })
})
