import { defineConfig } from 'halfopen';

export default defineConfig({
  scenarios: ['scenarios'],
  output: 'reports',
});
