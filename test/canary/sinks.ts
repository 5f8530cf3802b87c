import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect } from 'vitest'
import { findCanaries } from './canaries.js'

/** The ways in which a value is commonly turned into text. */
export function toTexts(value: unknown): string[] {
  return [inspect(value, { depth: 12, showHidden: true }), String(value), JSON.stringify(value) ?? '', errorText(value)]
}

/** Fails where a sink holds a canary; names the sink and the canary, never its value. */
export function expectNoCanary(
  sinks: Readonly<Record<string, string | Uint8Array | readonly (string | Uint8Array)[]>>,
) {
  const found = Object.entries(sinks).flatMap(([sink, content]) => {
    const parts = Array.isArray(content) ? content : [content]
    return parts.flatMap((part) => findCanaries(part)).map((name) => `${name} in ${sink}`)
  })
  expect([...new Set(found)]).toEqual([])
}

/** The names and bytes of every file below the folder but those left out. */
export function readFolder(folder: string, leaveOut: readonly string[] = []): (string | Uint8Array)[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !leaveOut.includes(entry.name))
    .flatMap((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name))])
}

/** The bytes of every Uint8Array inside a value, and the rest of it as text. */
export function toBytes(value: unknown): (string | Uint8Array)[] {
  const bytes: Uint8Array[] = []
  const text = JSON.stringify(value, (_key, inner) => {
    if (!(inner instanceof Uint8Array) && inner?.type !== 'Buffer') return inner
    bytes.push(inner instanceof Uint8Array ? inner : Buffer.from(inner.data))
    return null
  })
  return [text, ...bytes]
}

function errorText(value: unknown): string {
  return value instanceof Error ? `${value.message}\n${value.stack}` : ''
}
