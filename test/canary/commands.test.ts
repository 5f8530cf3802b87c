import { createKeyRingKey } from '@agent-prompt-train/core'
import { describe, expect, it } from 'vitest'
import { callers, canaries, domain, everyCanary } from './canaries.js'
import { makeFolder, start, type Variables, writeCredentialFile } from './command.js'
import { expectNoCanary, readFolder } from './sinks.js'

const ring = { ENCRYPTION_KEYS: `k1:${canaries.ringKey.value}` }
const file = `${domain}.json`
const good = JSON.stringify({
  type: 'oauth',
  access_token: canaries.accessToken.value,
  refresh_token: canaries.refreshToken.value,
  expires_at: '2027-03-31T12:00:00Z',
  client_api_key: callers.key,
})

async function run(folder: string, args: string, variables: Variables = {}, input = '') {
  const { output, exited } = start(folder, args.split(' '), variables, input)
  return { args, code: await exited, text: output.text }
}

const outputs = (ended: readonly { readonly args: string; readonly text: string }[]) =>
  // The first words of the command line: the rest may be the canary itself.
  Object.fromEntries(ended.map(({ args, text }) => [`the output of ${args.split(' ', 2).join(' ')}`, text]))

describe('no command shows a secret', () => {
  it('of the credentials that it works on; sealed, no file of the folder holds one', async () => {
    const folder = makeFolder()
    writeCredentialFile(folder, file, good)
    const read = await Promise.all([
      run(folder, 'credentials list'),
      run(folder, 'credentials list --json'),
      run(folder, 'credentials check', ring),
      run(folder, 'keys list --json'),
      run(folder, 'credentials add --domain second.example', ring, canaries.upstreamKey.value),
    ])
    const sealed = await run(folder, 'credentials seal', ring)
    const written = await Promise.all([
      run(
        folder,
        `credentials add --domain third.example --type oauth`,
        ring,
        good.replace(/,"client_api_key.*"/, '').replace('"type":"oauth",', ''),
      ),
      run(folder, 'credentials check --json', ring),
      // The ring's other key: nothing opens with it.
      run(folder, 'credentials check', { ENCRYPTION_KEYS: `k1:${createKeyRingKey().expose()}` }),
      run(folder, 'credentials check'),
    ])
    expect([...read, sealed, ...written].map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    // Keys written by hand in the clear stay until their owner hashes them.
    const left = readFolder(`${folder}/credentials`, [file])
    expect(left.length).toBeGreaterThan(2)
    expectNoCanary({ ...outputs([...read, sealed, ...written]), 'the folder': left })
  })

  it('that stands in a broken file', async () => {
    const folder = makeFolder()
    const secret = canaries.credentialFile.value
    writeCredentialFile(folder, 'a.example.json', everyCanary)
    writeCredentialFile(folder, 'b.example.json', `{"type":"api_key","api_key":"${secret}`)
    writeCredentialFile(folder, 'c.example.json', JSON.stringify({ type: secret, api_key: secret }))
    writeCredentialFile(
      folder,
      'd.example.json',
      JSON.stringify({ type: 'api_key', api_key: secret, [secret]: secret }),
    )
    writeCredentialFile(folder, 'e.example.json', JSON.stringify({ type: 'api_key', api_key: `${secret}\n${secret}` }))
    writeCredentialFile(
      folder,
      'f.example.json',
      JSON.stringify({ type: 'api_key', api_key: callers.key, client_api_key: secret }),
    )
    writeCredentialFile(
      folder,
      'g.example.json',
      JSON.stringify({ type: 'oauth', access_token: secret, expires_at: secret }),
    )
    writeCredentialFile(folder, 'h.example.json', JSON.stringify({ type: 'sealed', sealed: secret }))
    writeCredentialFile(
      folder,
      'i.example.json',
      JSON.stringify({ type: 'api_key', api_key: secret, client_api_keys: [secret] }),
    )
    const ended = await Promise.all([
      run(folder, 'credentials check', ring),
      run(folder, 'credentials check --json', ring),
      run(folder, 'credentials list', ring),
      run(folder, 'credentials seal', ring),
      run(folder, 'serve', { PORT: '0', ...ring }),
    ])
    expect(ended[0]!.text.match(/[a-i]\.example\.json/g)!.length).toBeGreaterThanOrEqual(9)
    expect(ended[4]!.code).toBe(1)
    expectNoCanary(outputs(ended))
  })

  it('that is given in the wrong place', async () => {
    const folder = makeFolder()
    writeCredentialFile(folder, file, good)
    const key = callers.key
    const ended = await Promise.all([
      run(folder, `keys revoke ${canaries.strangerKey.value}`),
      run(folder, `keys rotate ${canaries.strangerKey.value}`),
      run(folder, `keys create --domain ${canaries.upstreamKey.value}`),
      run(folder, `keys create --domain ${domain} --expires ${canaries.prompt.secret}`),
      run(folder, `credentials add --domain ${key}`, {}, canaries.upstreamKey.value),
      run(folder, `credentials add --domain x.example --type ${key}`, {}, ''),
      run(folder, 'credentials add --domain x.example', {}, key),
      run(folder, 'credentials add --domain x.example', {}, everyCanary),
      run(folder, 'credentials add --domain x.example --type oauth', {}, everyCanary),
      run(
        folder,
        'credentials add --domain x.example --type oauth',
        {},
        JSON.stringify({ [key]: key, access_token: everyCanary }),
      ),
      run(folder, `serve ${key}`),
      run(folder, `${key}`),
      run(folder, `serve --${canaries.prompt.value}`),
      run(folder, `keyring create --id ${canaries.ringKey.value}`),
    ])
    for (const { code } of ended) expect(code).toBeGreaterThan(0)
    expectNoCanary(outputs(ended))
  })
})
