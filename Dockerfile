# The image of the service. It has no embedded servers: set DATABASE_URL and REDIS_URL, as in
# docker-compose.yaml.
ARG NODE_TAG=24-bookworm-slim

FROM docker.io/library/node:${NODE_TAG} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY client/package.json ./client/
RUN npm ci --ignore-scripts --include=dev
COPY tsconfig.json ./
COPY src ./src
COPY web ./web
COPY client ./client
COPY scripts/setup ./scripts/setup
RUN node_modules/.bin/tsc && \
  node --input-type=module -e "import('./scripts/setup/console.mjs').then((setup) => setup.buildConsole())"

FROM docker.io/library/node:${NODE_TAG} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY client/package.json ./client/
# Without optional dependencies: the embedded PostgreSQL has 100 MB and is not needed here.
RUN npm ci --ignore-scripts --omit=dev --omit=optional

FROM docker.io/library/node:${NODE_TAG}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY sql ./sql
COPY scripts/orders.mjs ./scripts/orders.mjs
COPY redis ./redis
USER node
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The container needs no init process: the service is process 1, handles SIGTERM and SIGINT itself,
# and starts no child processes here.
STOPSIGNAL SIGTERM
# The same heap limits as in `npm start`: see docs/operations.md.
CMD ["node", "--enable-source-maps", "--max-old-space-size=1024", "--max-semi-space-size=32", "--heap-growing-percent=50", "scripts/orders.mjs", "serve"]
