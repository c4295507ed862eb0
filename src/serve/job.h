/* A piece of work for the partition's thread, and the bounded queue in which it waits. */
#pragma once

#include "base/str.h"
#include "serve/reply.h"
#include <glib.h>
#include <stdint.h>

typedef enum JobKind {
    JOB_TRANSACTIONS,
    JOB_LABELS,
    JOB_CARD,
    JOB_MERCHANT,
    JOB_NEIGHBOURHOOD,
    JOB_PATHS,
    JOB_RING,
    JOB_LIBRARY,   /* the library's */
    JOB_DESK,      /* the desk's */
    JOB_PIPELINES, /* the pipelines' */
    JOB_BOARD,     /* the board's */
    JOB_AUDIT,     /* the audit trail's */
} JobKind;

typedef struct Question Question;
typedef struct LibraryCall LibraryCall;
typedef struct DeskCall DeskCall;
typedef struct PipelinesCall PipelinesCall;
typedef struct AuditEntry AuditEntry;

typedef struct Job Job;
struct Job {
    JobKind kind;
    bool many;   /* the body is newline-delimited JSON */
    Str body;    /* transactions and labels; the requester's until done */
    Str subject; /* the card's number, the merchant's name or the board's window */
    const Question
        *question;           /* of the three kinds about surroundings; the requester's until done */
    const LibraryCall *call; /* of JOB_LIBRARY; the requester's until done */
    const DeskCall *desk;    /* of JOB_DESK; the requester's until done */
    const PipelinesCall *pipelines_call; /* of JOB_PIPELINES; the requester's until done */
    const AuditEntry *audit_entry;       /* of JOB_AUDIT; the requester's until done */
    int64_t arrived;                     /* microseconds, monotonic */
    size_t offset;                       /* of the body, already worked off */
    uint64_t line;                       /* lines of the body begun so far */
    size_t refused;                      /* records of it that were */
    Reply reply;                         /* the requester frees its body */
    void (*done)(Job *job); /* called once, on the partition's thread, when the reply is final */
    Job *next;              /* in a list */
};

typedef struct JobList {
    Job *head, *tail;
    size_t length;
} JobList;

void job_list_push(JobList *list, Job *job);
Job *job_list_pop(JobList *list); /* NULL when empty */

typedef struct JobQueue JobQueue;

JobQueue *job_queue_new(size_t limit);
void job_queue_free(JobQueue *queue);

/* False when the queue is full or closed. */
bool job_queue_push(JobQueue *queue, Job *job);

/* Moves up to `limit` jobs to `out`, waiting up to wait_us microseconds for the first. Returns
 * false when the queue is closed and empty. */
bool job_queue_take(JobQueue *queue, JobList *out, size_t limit, int64_t wait_us);

/* Refuses jobs from now on; those inside can still be taken. */
void job_queue_close(JobQueue *queue);

size_t job_queue_length(JobQueue *queue);
