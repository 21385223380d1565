# syntax=docker/dockerfile:1
# One image for every role (ROLES says which). Stages: packages, video worker, then the image that runs, without root.
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The worker is built in its own stage; with this set mediasoup's install step does nothing.
ENV MEDIASOUP_WORKER_BIN=built-later
RUN npm install --omit=dev --no-save --no-audit --no-fund

FROM packages AS worker
ENV MEDIASOUP_WORKER_BIN="" XDG_CACHE_HOME=/cache
COPY config ./config
COPY sfu/workerBuild ./sfu/workerBuild
RUN apt-get update \
  && node config/setup/buildWorker.mjs \
  && cp "$XDG_CACHE_HOME"/centralino/mediasoup-worker/*/mediasoup-worker /mediasoup-worker

FROM packages AS web
RUN npm install --no-save --no-audit --no-fund
COPY . .
RUN WEB_DIST=/web node src/web/build.ts

FROM ${NODE_IMAGE}
# Run-time libraries of the video worker; tini passes signals on and collects ended children.
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini libuv1 libssl3 libsrtp2-1 libabsl20220623 libflatbuffers2 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json tsconfig.json LICENSE ./
COPY config ./config
COPY queues ./queues
COPY sfu ./sfu
COPY sip ./sip
COPY src ./src
COPY --from=packages /app/node_modules ./node_modules
COPY --from=worker /mediasoup-worker /usr/local/bin/mediasoup-worker
COPY --from=web /web ./web
RUN mkdir -p /data && chown node:node /data
ENV NODE_ENV=production DATA_DIR=/data WEB_DIST=/app/web MEDIASOUP_WORKER_BIN=/usr/local/bin/mediasoup-worker
VOLUME /data
USER node
EXPOSE 8080/tcp 4400-4415/tcp 4400-4415/udp 5060/udp 5060-5061/tcp 5066/tcp 20000-29999/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD node -e "if(!/gateway/.test(process.env.ROLES??''))process.exit(0);fetch('http://127.0.0.1:'+(process.env.HTTP_PORT??8080)+'/ready').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"
ENTRYPOINT ["tini", "--", "node", "src/main.ts"]
