import { readFileSync, statSync } from 'node:fs'

/** Reads a JSON file, and again only when another one has taken its place; null where there is none. */
export function jsonFile<Content>(path: string): () => Content | null {
  let read = ''
  let content: Content | null = null
  return () => {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (stats === undefined) return null
    const version = `${stats.ino} ${stats.mtimeNs}`
    if (version !== read) {
      content = JSON.parse(readFileSync(path, 'utf8'))
      read = version
    }
    return content
  }
}
