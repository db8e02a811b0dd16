// The proofs: what takes too long for `npm test`, run in full by `npm run proof` and scaled down in CI by SCALE.

import { defineConfig } from 'vitest/config'

// CI counts the report test by test (.ci/count.mjs).
const reportPath = process.env['VITEST_JSON']

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    reporters: reportPath ? ['default', ['json', { outputFile: reportPath }]] : ['default'],
    include: ['test/**/*.proof.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
