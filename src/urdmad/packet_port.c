// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/packet_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "net/train.h"
#include "urdmad/port.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#ifndef PACKET_IGNORE_OUTGOING /* Linux 4.20 */
#define PACKET_IGNORE_OUTGOING 23
#endif

enum {
	/*
	 * In the kernel: a train and what is in front of it.  Each packet that
	 * comes alone takes as much, and many must fit while somebody else has
	 * the processor: half of what a train could be leaves room for twice
	 * as many.  Longer frames, which RoCE has not, are lost.
	 */
	FRAME = 32 * 1024,
	FRAMES_MAX = 1024,
	IN_BLOCK = 4, /* frames */
	BLOCK = IN_BLOCK * FRAME,
	SEND_BYTES = 16 << 20,
	VNET = sizeof(struct virtio_net_hdr),
};

struct packet_port {
	int fd;
	uint8_t *ring;
	uint32_t frames;
	uint32_t at;  /* the frame that comes next */
	uint32_t car; /* of that, if it is a train: the next */
	bool trains;  /* the kernel takes them */
	struct rte_mempool *pool;
	uint64_t lost;
};

/*
 * Opening.
 */

static int set(int fd, int name, int value)
{
	return setsockopt(fd, SOL_PACKET, name, &value, sizeof(value));
}

static int set_up(struct packet_port *port, unsigned int ifindex)
{
	struct tpacket_req ring = { .tp_block_size = BLOCK,
				    .tp_frame_size = FRAME,
				    .tp_block_nr = port->frames / IN_BLOCK,
				    .tp_frame_nr = port->frames };
	struct packet_mreq all = { .mr_ifindex = (int)ifindex,
				   .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)ifindex };
	int bytes = SEND_BYTES;
	void *ring_at;

	if (set(port->fd, PACKET_VERSION, TPACKET_V2) < 0 ||
	    set(port->fd, PACKET_VNET_HDR, 1) < 0 ||
	    setsockopt(port->fd, SOL_PACKET, PACKET_RX_RING, &ring,
		       sizeof(ring)) < 0)
		return -1;
	ring_at = mmap(NULL, (size_t)FRAME * port->frames,
		       PROT_READ | PROT_WRITE, MAP_SHARED, port->fd, 0);
	if (ring_at == MAP_FAILED)
		return -1;
	port->ring = ring_at;
	/* both may be refused: less goes at once, and our own comes back */
	if (setsockopt(port->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes,
		       sizeof(bytes)) < 0)
		setsockopt(port->fd, SOL_SOCKET, SO_SNDBUF, &bytes,
			   sizeof(bytes));
	set(port->fd, PACKET_IGNORE_OUTGOING, 1);
	if (setsockopt(port->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
		       sizeof(all)) < 0)
		return -1;
	return bind(port->fd, (const struct sockaddr *)&at, sizeof(at));
}

struct packet_port *packet_port_open(const char *netdev,
				     struct rte_mempool *pool, uint32_t frames)
{
	struct packet_port *port = calloc(1, sizeof(*port));
	unsigned int ifindex = if_nametoindex(netdev);
	int error;

	if (!port)
		return NULL;
	port->pool = pool;
	port->frames = frames < FRAMES_MAX ? frames : FRAMES_MAX;
	port->frames = (port->frames + IN_BLOCK - 1) / IN_BLOCK * IN_BLOCK;
	port->trains = true;
	/* it hears nothing before it is bound */
	port->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (ifindex && port->fd >= 0 && set_up(port, ifindex) == 0)
		return port;
	error = errno;
	packet_port_close(port);
	errno = error;
	return NULL;
}

void packet_port_close(struct packet_port *port)
{
	if (!port)
		return;
	if (port->ring)
		munmap(port->ring, (size_t)FRAME * port->frames);
	if (port->fd >= 0)
		close(port->fd);
	free(port);
}

int packet_port_fd(const struct packet_port *port)
{
	return port->fd;
}

uint64_t packet_port_lost(struct packet_port *port)
{
	uint64_t lost = port->lost;

	port->lost = 0;
	return lost;
}

/*
 * Receiving.
 */

/* What came, as the kernel describes it. */
struct arrival {
	struct virtio_net_hdr vnet;
	const uint8_t *bytes;
	uint32_t len;
	bool whole; /* the ring had room for all of it */
};

static struct arrival look(const struct tpacket2_hdr *header)
{
	const uint8_t *mac = (const uint8_t *)header + header->tp_mac;
	struct arrival in = { .bytes = mac,
			      .len = header->tp_snaplen,
			      .whole = header->tp_snaplen == header->tp_len };

	memcpy(&in.vnet, mac - VNET, VNET);
	return in;
}

/* NULL: no buffer, or the frame does not fit into one. */
static struct rte_mbuf *make(struct packet_port *port, const uint8_t *head,
			     uint32_t head_len, const uint8_t *payload,
			     uint32_t len)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->pool);
	uint8_t *to;

	if (!mbuf)
		return NULL;
	if (head_len + len > rte_pktmbuf_tailroom(mbuf)) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	to = (uint8_t *)rte_pktmbuf_append(mbuf, (uint16_t)(head_len + len));
	memcpy(to, head, head_len);
	memcpy(to + head_len, payload, len);
	return mbuf;
}

static unsigned int take_frame(struct packet_port *port,
			       const struct arrival *in,
			       struct rte_mbuf **burst)
{
	*burst = in->whole ? make(port, NULL, 0, in->bytes, in->len) : NULL;
	if (!*burst) {
		port->lost++;
		return 0;
	}
	if (in->vnet.flags &
	    (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID))
		(*burst)->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return 1;
}

/* Its frames from port->car on; that is 0 again when all were taken. */
static unsigned int take_train(struct packet_port *port,
			       const struct arrival *in, uint32_t head,
			       struct rte_mbuf **burst, unsigned int max)
{
	uint8_t headers[TRAIN_HEAD_MAX];
	uint32_t size = in->vnet.gso_size;
	unsigned int count = 0;

	while (count < max) {
		uint32_t at = head + port->car * size;
		uint32_t len = in->len - at < size ? in->len - at : size;

		train_uncouple(in->bytes, head, port->car, len, headers);
		burst[count] = make(port, headers, head, in->bytes + at, len);
		if (burst[count])
			count++;
		else
			port->lost++;
		port->car++;
		if (in->len - at <= size) {
			port->car = 0;
			break;
		}
	}
	return count;
}

static unsigned int take(struct packet_port *port, const struct arrival *in,
			 struct rte_mbuf **burst, unsigned int max)
{
	uint32_t head = 0;

	if (in->whole && in->vnet.gso_size &&
	    in->vnet.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4)
		head = train_head(in->bytes, in->len);
	return head ? take_train(port, in, head, burst, max)
		    : take_frame(port, in, burst);
}

unsigned int packet_port_receive(struct packet_port *port,
				 struct rte_mbuf **burst, unsigned int max)
{
	unsigned int count = 0;

	while (count < max) {
		struct tpacket2_hdr *header =
			(void *)(port->ring + (size_t)port->at * FRAME);
		struct arrival in;

		if (!(__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			break;
		in = look(header);
		count += take(port, &in, burst + count, max - count);
		if (port->car)
			break;
		__atomic_store_n(&header->tp_status, TP_STATUS_KERNEL,
				 __ATOMIC_RELEASE);
		port->at = (port->at + 1) % port->frames;
	}
	return count;
}

/*
 * Sending.
 */

/* One burst, as the kernel takes it. */
struct departure {
	struct train_frame frames[PORT_BURST_MAX];
	struct mmsghdr messages[PORT_BURST_MAX];
	unsigned int cars[PORT_BURST_MAX]; /* of each message */
	struct virtio_net_hdr vnets[PORT_BURST_MAX];
	uint8_t heads[PORT_BURST_MAX][TRAIN_HEAD_MAX];
	struct iovec pieces[3 * PORT_BURST_MAX];
	unsigned int piece_count;
};

static struct iovec *add_piece(struct departure *out, const void *bytes,
			       size_t len)
{
	struct iovec *piece = &out->pieces[out->piece_count++];

	*piece = (struct iovec){ .iov_base = (void *)bytes, .iov_len = len };
	return piece;
}

static void add_train(struct departure *out, unsigned int n,
		      const struct train_frame *frames, uint32_t cars,
		      uint32_t head)
{
	uint32_t udp = head - UDP_LEN;

	out->vnets[n] = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
		.hdr_len = (uint16_t)head,
		.gso_size = (uint16_t)(frames[0].len - head),
		.csum_start = (uint16_t)udp,
		.csum_offset = UDP_CHECKSUM_OFFSET,
	};
	train_couple(frames, cars, head, out->heads[n]);
	add_piece(out, out->heads[n], head);
	for (uint32_t i = 0; i < cars; i++)
		add_piece(out, frames[i].bytes + head, frames[i].len - head);
}

/* The next message: how many of the frames it is. */
static unsigned int add_message(struct departure *out, unsigned int n,
				const struct train_frame *frames,
				unsigned int count, bool trains)
{
	struct msghdr *msg = &out->messages[n].msg_hdr;
	unsigned int first = out->piece_count;
	uint32_t head, cars = 1;

	if (trains && count > 1)
		cars = train_cars(frames, count, &head);
	out->vnets[n] = (struct virtio_net_hdr){ .flags = 0 };
	add_piece(out, &out->vnets[n], VNET);
	if (cars > 1)
		add_train(out, n, frames, cars, head);
	else
		add_piece(out, frames[0].bytes, frames[0].len);
	*msg = (struct msghdr){ .msg_iov = &out->pieces[first],
				.msg_iovlen = out->piece_count - first };
	return cars;
}

/* What is no plain refusal to take more now is the frame's own fault. */
static unsigned int gone(struct packet_port *port, struct departure *out,
			 unsigned int sent, unsigned int messages)
{
	unsigned int count = 0;

	for (unsigned int n = 0; n < sent; n++)
		count += out->cars[n];
	if (sent == messages || errno == EAGAIN)
		return count;
	if (errno == EINVAL && out->cars[sent] > 1) {
		port->trains = false; /* they go one by one */
		return count;
	}
	return count + out->cars[sent];
}

unsigned int packet_port_send(struct packet_port *port, struct rte_mbuf **burst,
			      unsigned int count)
{
	struct departure out;
	unsigned int messages = 0, done = 0;
	int sent;

	out.piece_count = 0;
	for (unsigned int i = 0; i < count; i++)
		out.frames[i] =
			(struct train_frame){ rte_pktmbuf_mtod(burst[i],
							       const uint8_t *),
					      burst[i]->data_len };
	while (done < count) {
		out.cars[messages] =
			add_message(&out, messages, out.frames + done,
				    count - done, port->trains);
		done += out.cars[messages++];
	}
	sent = sendmmsg(port->fd, out.messages, messages, MSG_DONTWAIT);
	if (sent >= 0 && (unsigned int)sent < messages)
		errno = EAGAIN; /* why is said when it is tried again */
	done = gone(port, &out, sent < 0 ? 0 : (unsigned int)sent, messages);
	for (unsigned int i = 0; i < done; i++)
		rte_pktmbuf_free(burst[i]);
	return done;
}
