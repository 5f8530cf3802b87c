import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { callers, canaries, domain, everyCanary } from './canaries.js'
import { makeFolder, type Running, start, writeCredentialFile } from './command.js'
import { toRequest } from './scene.js'
import { expectNoCanary, readFolder } from './sinks.js'
import { echo, eventStream, message, startUpstream } from './upstream.js'

const configured = { PORT: '0', LOG_LEVEL: 'trace', ENCRYPTION_KEYS: `k1:${canaries.ringKey.value}` }

it.each(['true', 'false'])('prompt-train serve shows no secret, with LOG_PRETTY=%s', async (LOG_PRETTY) => {
  const upstream = await startUpstream()
  const folder = makeFolder()
  const file = `${domain}.json`
  writeCredentialFile(
    folder,
    file,
    JSON.stringify({ type: 'api_key', api_key: canaries.upstreamKey.value, client_api_key: callers.key }),
  )
  const serving = start(folder, ['serve'], { ...configured, LOG_PRETTY, CLAUDE_API_BASE_URL: upstream.origin })
  const address = await addressOf(serving)
  const send = (script: Parameters<typeof toRequest>[0], key = callers.key, path = '/v1/messages') =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      request(`${address}${path}`, {
        method: 'POST',
        agent: false,
        headers: { 'x-api-key': key, cookie: canaries.cookie.value },
      })
        .on('error', reject)
        .on('response', (answer) => {
          let body = ''
          answer.on('error', () => {})
          answer.setEncoding('utf8').on('data', (text) => (body += text))
          answer.on('close', () => resolve({ status: answer.statusCode ?? 0, body }))
        })
        .end(toRequest(script))
    })

  expect(await send('message')).toEqual({ status: 200, body: message })
  expect(await send('stream')).toEqual({ status: 200, body: eventStream })
  expect(await send('echo')).toEqual({ status: 400, body: echo })
  await send('resetWithin')
  const refused = [
    await send('unauthorized'),
    await send('redirect'),
    await send('garbage'),
    await send('badHeader'),
    await send('resetBefore'),
    await send('message', canaries.strangerKey.value),
    await send('message', callers.key, `/v1/${canaries.upstreamKey.value}?key=${callers.key}`),
    await send('message', callers.key, `/health/${callers.key}`),
  ]
  expect(refused.map(({ status }) => status)).toEqual([502, 502, 502, 502, 502, 401, 404, 404])
  const health = await (await fetch(`${address}/health`)).text()
  const malformed = await sendRaw(address, `${everyCanary}\r\n\r\n`)
  const tooLarge = await sendRaw(address, `GET / HTTP/1.1\r\nx-api-key: ${callers.key.repeat(1000)}\r\n\r\n`)
  const expecting = await sendRaw(address, `GET / HTTP/1.1\r\nhost: a\r\nexpect: ${canaries.prompt.value}\r\n\r\n`)
  expect([malformed, tooLarge, expecting].map((answer) => answer.slice(9, 12))).toEqual(['400', '431', '417'])
  // A file that breaks while the server runs: the last good content stays, and the log says which file.
  writeCredentialFile(folder, file, `{"type":"api_key","api_key":"${canaries.credentialFile.value}`)
  writeCredentialFile(folder, 'other.example.json', `${canaries.credentialFile.value}\n${everyCanary}`)
  await printed(serving, 'other.example.json')
  expect((await send('message')).status).toBe(200)
  const proc = process.platform === 'linux' ? readFileSync(`/proc/${serving.child.pid}/cmdline`) : ''

  serving.child.kill('SIGTERM')
  expect(await serving.exited).toBe(0)
  await upstream.close()
  expectNoCanary({
    'the output': serving.output.text,
    'answers of ours': [...refused.map(({ body }) => body), health, malformed, tooLarge, expecting],
    'the folder': readFolder(folder, [file, 'other.example.json']),
    'the command line': proc,
  })
})

it('prompt-train serve keeps its own development key out of the log', async () => {
  const folder = makeFolder()
  const serving = start(folder, ['serve'], { ...configured, ENCRYPTION_KEYS: '', LOG_PRETTY: 'true' })
  await addressOf(serving)
  const key = readFileSync(`${folder}/.data/client-key`, 'utf8').trim()
  expect(key).toMatch(/^cnp_live_/)
  serving.child.kill('SIGTERM')
  expect(await serving.exited).toBe(0)
  expect(serving.output.text).not.toContain(key.slice(17, 29))
  expectNoCanary({ 'the output': serving.output.text, 'the folder': readFolder(folder) })
})

it('a secret in the wrong variable is refused by the name of the variable alone', async () => {
  const mistakes: [string, string][] = [
    ['ENCRYPTION_KEYS', canaries.ringKey.value],
    ['ENCRYPTION_KEYS', `k1:${canaries.environment.secret}`],
    ['ENCRYPTION_KEYS', `${canaries.environment.secret.slice(0, 30)}:k1`],
    ['HOST', canaries.prompt.secret],
    ['CLAUDE_API_BASE_URL', `https://u:${canaries.prompt.secret}@api.anthropic.com`],
    ['CLAUDE_API_BASE_URL', canaries.webhook.value.replace('https', 'http')],
    ['ANTHROPIC_API_KEY', `${canaries.upstreamKey.value}\nx`],
    ['TRUSTED_PROXIES', canaries.prompt.secret],
    ['IP_ALLOWLIST', `10.0.0.0/8,${canaries.upstreamKey.value}`],
    ['LOG_LEVEL', canaries.prompt.secret],
    // Nothing answers at its host: the address may be told, the password not.
    ['DATABASE_URL', canaries.databaseUrl.value],
  ]
  const ended = mistakes.map(async ([name, value]) => {
    const variables = { ANTHROPIC_API_KEY: canaries.upstreamKey.value, PORT: '0', [name]: value }
    const { output, exited } = start(makeFolder(), ['serve'], variables)
    expect(await exited).toBe(1)
    expect(output.text).toContain(name)
    return [name, output.text] as const
  })
  for (const [name, text] of await Promise.all(ended)) expectNoCanary({ [`the refusal of ${name}`]: text })
})

/** Where the server listens, once it has said so. */
async function addressOf(serving: Running): Promise<string> {
  await printed(serving, 'curl -sSN')
  return /curl -sSN (http:\/\/127\.0\.0\.1:\d+)/.exec(serving.output.text)![1]!
}

async function printed({ child, output, exited }: Running, text: string): Promise<void> {
  while (!output.text.includes(text)) {
    const ended = await Promise.race([once(child.stdout, 'data').then(() => false), exited.then(() => true)])
    if (ended && !output.text.includes(text)) throw new Error(`ended without "${text}"`)
  }
}

async function sendRaw(address: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  socket.on('error', () => {}).write(bytes)
  let text = ''
  for await (const chunk of socket.setEncoding('utf8').setTimeout(2000, () => socket.destroy())) {
    text += chunk
    if (text.includes('"type":"error"')) break
  }
  return text
}
