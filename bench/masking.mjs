// Speed of maskText: npm run build -w packages/core && node bench/masking.mjs
// CPU time, beside a bare loop over the same characters: ratios hold on a busy machine, MB/s do not.
import { readdirSync, readFileSync } from 'node:fs'
import { maskText } from '../packages/core/dist/index.js'

const MIB = 1 << 20
const fit = (text, length) => text.repeat(Math.ceil(length / text.length)).slice(0, length)

const source = new URL('../packages/core/src/', import.meta.url)
const code = readdirSync(source, { recursive: true })
  .filter((path) => path.endsWith('.ts') && !path.includes('mask') && !path.endsWith('.test.ts'))
  .map((path) => readFileSync(new URL(path, source), 'utf8'))
  .join('\n')
const docs = ['README.md', 'CONTRIBUTING.md', 'docs/cli.md']
  .map((path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))
  .join('\n')

const bodies = {
  'prompt with code, JSON': JSON.stringify({ messages: [{ role: 'user', content: fit(code, MIB) }] }),
  'prompt with prose, JSON': JSON.stringify({ messages: [{ role: 'user', content: fit(docs, MIB) }] }),
  'base64 image': Buffer.from(Uint8Array.from({ length: MIB * 0.75 }, (_, i) => (i * 2654435761) >>> 24)).toString(
    'base64',
  ),
}

const hostile = [
  'password:',
  'password=',
  'password="',
  'password:\\"',
  `password:'a"b\``,
  'Bearer ',
  'Cookie: a=b; ',
  '://',
  'http://a:',
  'sk-ant- ',
  'cnp_live_ ',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----\n',
  '--password ',
  'name=password ',
  '"name":"password" \n',
  '%3D',
  '[0;0;0;',
  '<password>',
  '"token",',
  'authorization: ',
  'Authorization: Digest a=b,',
  'curl -u ',
  'aaa8Q~',
  'eyJaaaaaaaaaa.',
  'eyJaaaaaaaaaa-',
  '\\u003d',
  '\\',
  '"',
  '=',
  ':',
  '%',
  '&quot;password&quot;:',
  'password: |\n',
  '1234567890:AA',
  '0123456789abcdef0123456789abcdef-',
  'token '.padEnd(120, 'a'),
  `"password":"+${'a'.repeat(4000)}" `,
]

function cpuMs(run) {
  const before = process.cpuUsage()
  run()
  return process.cpuUsage(before).user / 1000
}

function bareLoop(text) {
  let sum = 0
  for (let at = 0; at < text.length; at++) sum += text.charCodeAt(at)
  return sum
}

for (const [name, body] of Object.entries(bodies)) {
  const text = Buffer.from(body).toString()
  for (let i = 0; i < 5; i++) maskText(text)
  const rounds = 20
  const mebibytes = (rounds * text.length) / MIB
  const ms = cpuMs(() => {
    for (let i = 0; i < rounds; i++) maskText(text)
  })
  const bare = cpuMs(() => {
    for (let i = 0; i < rounds; i++) bareLoop(text)
  })
  console.log(`${name}: ${((1000 * mebibytes) / ms).toFixed(0)} MiB/s, ${(ms / bare).toFixed(1)} times a bare loop`)
}

const size = Number(process.argv[2] ?? 10 * MIB)
const times = hostile
  .map((text) => [cpuMs(() => maskText(fit(text, size))), text.slice(0, 24)])
  .sort((a, b) => b[0] - a[0])
console.log(`${hostile.length} hostile inputs of ${size} characters, slowest:`)
for (const [ms, text] of times.slice(0, 6)) console.log(`  ${ms.toFixed(0)} ms  ${JSON.stringify(text)}`)
