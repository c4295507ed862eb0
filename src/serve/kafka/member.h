/* A member of a Kafka group: the service's worker when transactions come from Kafka. It folds the
 * partitions that the group gives it, one shard each, on one thread, and hands batches of what came
 * out to the committing thread (committer.h). When the group takes a partition away, what was
 * folded of it is committed and its state is kept as a checkpoint; when the group gives one, its
 * state is restored (restore.h).
 *
 * While the brokers are away the member waits; what it holds is bounded by two batches and
 * librdkafka's own queues. When a batch is lost, all state that was folded beyond what is committed
 * is dropped, and the member enters the group anew. */
#pragma once

#include "serve/champion.h"
#include "serve/hub.h"
#include "serve/kafka/topics.h"
#include "serve/worker.h"

typedef struct Member Member;

typedef struct MemberOptions {
    const KafkaOptions *kafka;
    const char *data_dir;
    Champion *champion;
    Meters *meters;
    Hub *hub;
    bool keep_all; /* keep every transaction in the store, not only alerts */
} MemberOptions;

/* Opens the store in the data folder and starts the thread. Everything in `options` is borrowed and
 * must outlive the member. That brokers or topics are away is no error: it waits for them. */
Member *member_new(const MemberOptions *options, GError **error);

/* Has the member go on with another model, whose reference is taken: what was folded is committed
 * first. The suspicions of what is in the windows stay the model's before. From any thread; returns
 * at once, and the last of several counts. */
void member_promote(Member *member, Model *model);

/* The member as the HTTP API sees it; lives as long as it does. */
Worker *member_worker(Member *member);

/* Commits what was folded, writes checkpoints, leaves the group and ends the threads. False when
 * the member had failed. */
bool member_stop(Member *member, GError **error);

/* After member_stop. */
void member_free(Member *member);
