// The contract of `ObjectStore` as a runnable suite: the same behaviours on every store, wrapper and composition.
// What a store lacks comes from its `capabilities`, never from the test, and is printed as `SKIP name: capability`.
//
// A factory may give the same bucket each time or a fresh one: every test uses keys of its own below a unique prefix.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import type { ObjectStore, StoreCapabilities } from '../../src/store/store.ts'
import { describeConditions } from './store-suite-conditions.ts'
import { describeListing } from './store-suite-listing.ts'
import { describeObjects } from './store-suite-objects.ts'
import { describeUploads } from './store-suite-uploads.ts'

export interface StoreUnderTest {
  readonly store: ObjectStore
  close(): Promise<void>
}

export interface ContractOptions {
  /**
   * Leaves out the tests that send parts of 5 MiB, on compositions whose multipart path is plain forwarding that
   * another run covers.
   */
  readonly skipLargeParts?: boolean | undefined
  /** Known faults of a foreign server that no capability is about; each is said aloud as it is stepped around. */
  readonly faults?: readonly ServerFault[] | undefined
}

export type ServerFault =
  | 'an unknown upload is an internal error'
  | 'uploads are listed by their whole key only'
  | 'metadata counts longer than it is'
  | 'a page of one key ends a grouped listing early'

/** What the parts of the suite share. `store` and `has` are usable inside tests only. */
export interface Contract {
  readonly store: ObjectStore
  readonly skipLargeParts: boolean
  /** A fresh prefix for one test. */
  prefix(): string
  /** True, said aloud, where the server is known to have `fault`. */
  faulty(fault: ServerFault): boolean
  /** False, said aloud, where the store lacks `capability`: the test then ends at once. */
  has(capability: Exclude<keyof StoreCapabilities, 'limits' | 'uniformParts' | 'readOnly'>): boolean
}

export function describeStoreContract(
  name: string,
  factory: () => Promise<StoreUnderTest>,
  options: ContractOptions = {},
): void {
  describe(`store contract: ${name}`, () => {
    let opened: StoreUnderTest | undefined
    const said = new Set<string>()
    const run = randomBytes(4).toString('hex')
    let count = 0
    beforeAll(async () => {
      opened = await factory()
    })
    afterAll(async () => {
      await opened?.close()
    })
    const say = (what: string): void => {
      if (!said.has(what)) console.log(`SKIP ${name}: ${what}`)
      said.add(what)
    }
    const contract: Contract = {
      get store() {
        if (!opened) throw new Error('the store is not open yet')
        return opened.store
      },
      skipLargeParts: options.skipLargeParts ?? false,
      prefix: () => `contract-${run}/${++count}/`,
      has(capability) {
        if (contract.store.capabilities[capability]) return true
        say(capability)
        return false
      },
      faulty(fault) {
        if (!options.faults?.includes(fault)) return false
        say(fault)
        return true
      },
    }
    describeObjects(contract)
    describeConditions(contract)
    describeListing(contract)
    describeUploads(contract)
  })
}
