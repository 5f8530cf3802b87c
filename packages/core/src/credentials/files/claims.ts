import type { FileContent } from './file-content.js'

/** A file whose content waits to be taken up. */
export interface Claimant {
  readonly domain: string | null
  /** The last content that was in order by itself. */
  readonly read: FileContent | null
  /** The last content that was taken up. */
  accepted: FileContent | null
}

/**
 * Takes up what was read of each file, but for what claims a domain or a client key that another file already has.
 * Returns what is wrong with those, by file name.
 */
export function acceptContents(files: ReadonlyMap<string, Claimant>): ReadonlyMap<string, string> {
  const problems = new Map<string, string>()
  const waiting = () => [...files].filter(([, { read, accepted }]) => read !== null && read !== accepted)
  if (waiting().length === 0) return problems
  const owners = new Map<string, string>()
  for (const [name, { domain, accepted }] of files) {
    if (accepted !== null) for (const claim of claimsOf(domain, accepted)) owners.set(claim, name)
  }
  // A key may move from one file to another, and the one that gains it be looked at first.
  for (let before = Infinity, left = waiting(); left.length < before; before = left.length, left = waiting()) {
    problems.clear()
    for (const [name, file] of left) {
      const claims = claimsOf(file.domain, file.read!)
      const disputed = claims.find((claim) => (owners.get(claim) ?? name) !== name)
      if (disputed !== undefined) {
        problems.set(name, describe(disputed, owners.get(disputed)!))
        continue
      }
      if (file.accepted !== null) for (const claim of claimsOf(file.domain, file.accepted)) owners.delete(claim)
      for (const claim of claims) owners.set(claim, name)
      file.accepted = file.read
    }
  }
  return problems
}

function claimsOf(domain: string | null, { clientKeys }: FileContent): string[] {
  return [`domain:${domain}`, ...clientKeys.flatMap(({ keyId, digest }) => [`key:${keyId}`, `key:${digest}`])]
}

function describe(claim: string, other: string): string {
  return claim.startsWith('domain:')
    ? `stands for the same domain as ${other}: remove one of the two`
    : `holds a client key that ${other} holds as well: a client key belongs to one domain`
}
