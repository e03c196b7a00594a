import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const alias = {
  'halfopen/vitest': fileURLToPath(new URL('harness/vitest/index.ts', import.meta.url)),
  'halfopen/proxy': fileURLToPath(new URL('harness/proxy/index.ts', import.meta.url)),
  'halfopen/playwright': fileURLToPath(new URL('harness/playwright/index.ts', import.meta.url)),
  halfopen: fileURLToPath(new URL('harness/index.ts', import.meta.url)),
};

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'unit', testTimeout: 30_000, include: ['test/*.test.ts', 'test/{unit,contracts,properties,golden}/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/{integration,conformance,cli,corpus}/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          include: ['test/containers/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
