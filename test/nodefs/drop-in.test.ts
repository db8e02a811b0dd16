// The drop-in's exports, name by name, against the Node that runs this.

import { execFileSync } from 'node:child_process'
import nodeFs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as dropIn from '../../src/fs.ts'
import * as dropInPromises from '../../src/fs-promises.ts'

/** Node's own, but for what it keeps to itself and the constants it has deprecated at the top. */
const left = ['_toUnixTimestamp', 'FileReadStream', 'FileWriteStream', 'F_OK', 'R_OK', 'W_OK', 'X_OK', 'Utf8Stream']

describe('bucketfs/fs', () => {
  it('exports every name of node:fs', () => {
    const names = Object.keys(nodeFs).filter((name) => !left.includes(name))
    expect(names.filter((name) => !(name in dropIn))).toEqual([])
  })

  it('exports every name of node:fs/promises', () => {
    expect(Object.keys(nodeFs.promises).filter((name) => !(name in dropInPromises))).toEqual([])
  })

  it('has the same functions by name and on the default export', () => {
    const { default: fs, readFile, promises } = dropIn
    expect(readFile).toBe(fs.readFile)
    expect(promises).toBe(fs.promises)
    expect(dropInPromises.default).toBe(fs.promises)
    expect(dropInPromises.readFile).toBe(fs.promises.readFile)
  })

  it('opens nothing when it is imported, and names the variable it needs when it is used', () => {
    const entry = fileURLToPath(new URL('../../dist/fs.js', import.meta.url))
    const script = `
      import fs from ${JSON.stringify(entry)}
      try { fs.statSync('/') } catch (error) { console.log(error.code, error.message.includes('BUCKETFS_URL')) }
    `
    const env = { ...process.env, BUCKETFS_URL: '' }
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' })
    expect(output).toBe('ERR_BUCKETFS_NO_URL true\n')
  })
})
