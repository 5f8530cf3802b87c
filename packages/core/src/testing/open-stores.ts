import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { ClientKeyStore, CredentialStore } from '../storage/storage.js'

/** One handle on a backend, as one process has it. */
export interface OpenStores {
  readonly clientKeys?: ClientKeyStore
  readonly credentials?: CredentialStore
  close(): Promise<void> | void
}

/** What a store's author writes to run {@link clientKeyStoreCases} and {@link credentialStoreCases}. */
export interface StoreHarness {
  /**
   * Opens one more handle on one and the same backend. Cases use domains and keys of their own, so that the backend may
   * hold others.
   */
  open(): Promise<OpenStores>
  /** Whether a domain needs a credential before it can have client keys. @default false */
  readonly keysBesideCredentials?: boolean
}

/** What another handle has changed is seen within this time. */
const VISIBLE_WITHIN_MS = 5000
const LOOK_AGAIN_MS = 20

/** Runs `body` with two handles on the backend, and closes them. */
export async function withTwoHandles(
  harness: StoreHarness,
  body: (first: OpenStores, second: OpenStores) => Promise<void>,
): Promise<void> {
  const first = await harness.open()
  try {
    const second = await harness.open()
    try {
      await body(first, second)
    } finally {
      await second.close()
    }
  } finally {
    await first.close()
  }
}

/** Waits for as long as the contract lets a change take to be seen; then `isSeen` decides. */
export async function assertSeen(what: string, isSeen: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + VISIBLE_WITHIN_MS
  while (performance.now() < end) {
    if (await isSeen()) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
  assert.ok(await isSeen(), `${what} is not seen within ${VISIBLE_WITHIN_MS} ms`)
}

/** A domain that nobody else uses. */
export function freshDomain(): string {
  return `d${randomBytes(8).toString('hex')}.example.com`
}
