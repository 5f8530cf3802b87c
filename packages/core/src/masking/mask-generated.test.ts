import { describe, expect, it } from 'vitest'
import { benignCases } from '../../test/masking-cases.js'
import { BASE62, generateSecrets, HEX, Source, wrapSecret } from '../../test/masking-generator.js'
import { generateNames, generateWords } from '../../test/masking-words.js'
import { maskText } from './mask-text.js'
import { vendorKeys } from './vendor-keys.js'

const TARGETS = { anthropic: 0.995, bearer: 0.995, cookie: 0.995, url: 0.995, generic: 0.995, vendor: 0.97 }
const ROUNDS = 12
/** Of secrets made of letters alone, in each form in which name and value are written. */
const WORD_TARGET = 0.995

/** Of each family: texts with a secret, and those that came out without it. */
function countFound(seed: number) {
  const source = new Source(seed)
  const counts = new Map<keyof typeof TARGETS, { texts: number; missed: string[] }>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const row of [...generateSecrets(source), ...generateVendorKeys(source)]) {
      const count = counts.get(row.family) ?? { texts: 0, missed: [] }
      counts.set(row.family, count)
      for (const text of wrapSecret(row)) {
        count.texts++
        const secret = row.secret.slice(-12)
        const masked = maskText(text)
        if (masked.includes(secret) || masked.includes(encodeURIComponent(secret))) count.missed.push(text)
      }
    }
  }
  return counts
}

function generateVendorKeys(source: Source) {
  return vendorKeys.map(([, prefix, , , example]) => ({
    family: 'vendor' as const,
    frame: '{}',
    secret:
      prefix +
      example.replace(/\{(hex:)?(\d+)\}/g, (_, hex: string | undefined, length: string) =>
        source.text(hex === undefined ? BASE62 : HEX, Number(length)),
      ),
  }))
}

/** What looks like a secret and is none: digests, ids, versions, names, placeholders. */
function generateBenign(source: Source): string[] {
  const hex = (length: number) => source.text(HEX, length)
  const uuid = `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
  const base64 = Buffer.from(source.text(BASE62, 48)).toString('base64')
  return [
    `commit ${hex(40)}`,
    `sha256:${hex(64)}`,
    `"integrity": "sha512-${base64}${base64}=="`,
    `"id":"${uuid}","parent_id":"${uuid}"`,
    `"request_id":"req_${source.text(BASE62, 24)}"`,
    `"id":"msg_01${source.text(BASE62, 22)}","tool_use_id":"toolu_01${source.text(BASE62, 22)}"`,
    `"signature":"${base64}${base64}"`,
    `"data":"${base64}"`,
    `ETag: "${hex(32)}"`,
    `#${hex(6)} rgb(${hex(2)})`,
    `const ${source.text(BASE62.slice(0, 26), 8)}Token = await getToken(${source.text(BASE62.slice(0, 26), 6)})`,
    `password: process.env.${source.text(BASE62.slice(26, 52), 8)}_PASSWORD`,
    `token: \${{ secrets.${source.text(BASE62.slice(26, 52), 8)} }}`,
    `"max_tokens":${source.text('123456789', 4)},"input_tokens":${source.text('123456789', 3)}`,
    `docker.io/library/node@sha256:${hex(64)}`,
    `https://example.com/${source.text(BASE62, 10)}?page=${source.text('123456789', 2)}`,
  ]
}

describe('generated texts', () => {
  it('finds the secrets of each family', () => {
    const counts = countFound(20_260_101)
    const rows = [...counts].map(([family, { texts, missed }]) => ({
      family,
      texts,
      recall: 1 - missed.length / texts,
      missed: missed.slice(0, 12),
    }))
    console.log(
      rows.map(({ family, texts, recall }) => `${family}: recall ${recall.toFixed(4)} of ${texts}`).join('\n'),
    )
    expect(rows.length).toBe(Object.keys(TARGETS).length)
    expect(rows.filter(({ family, recall }) => recall < TARGETS[family])).toEqual([])
  })

  it('finds secrets made of letters alone in each form', () => {
    const source = new Source(20_260_102)
    const counts = new Map<string, { texts: number; missed: string[] }>()
    for (const { form, secret, text } of generateWords(source)) {
      const count = counts.get(form) ?? { texts: 0, missed: [] }
      counts.set(form, count)
      count.texts++
      if (maskText(text).includes(secret)) count.missed.push(text)
    }
    const rows = [...counts].map(([form, { texts, missed }]) => ({
      form,
      texts,
      recall: 1 - missed.length / texts,
      missed,
    }))
    console.log(rows.map(({ form, texts, recall }) => `${form}: recall ${recall.toFixed(4)} of ${texts}`).join('\n'))
    expect(rows.filter(({ recall }) => recall < WORD_TARGET)).toEqual([])
  })

  it('changes no text without a secret', () => {
    const source = new Source(7)
    const texts = [
      ...benignCases,
      ...Array.from({ length: 60 }, () => [...generateBenign(source), ...generateNames(source)]).flat(),
    ]
    const wrapped = texts.flatMap((text) => [text, `a ${text} b`, JSON.stringify({ text }), `x\n${text}\n`])
    const changed = wrapped.filter((text) => maskText(text) !== text)
    console.log(`precision: ${changed.length} of ${wrapped.length} texts without a secret changed`)
    expect(changed).toEqual([])
  })
})
