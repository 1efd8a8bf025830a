//! The orders of PAN-OS' fields, by the names of its syslog field descriptions (PAN-OS 10.0 to 11.1).
//!
//! Later versions append, so one order per log type reads all of them: an older line ends earlier. `-` is what the maker
//! calls FUTURE_USE. GlobalProtect alone reordered nothing but began with 9.1.3; its order is of 10.0 and later.

/// What every type starts with.
pub(super) const COMMON: &str = "- receive_time serial type subtype - time_generated";

pub(super) const TRAFFIC: &str = "src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset - \
sessionid repeatcnt sport dport natsport natdport flags proto action bytes bytes_sent bytes_received packets start elapsed \
category - seqno actionflags srcloc dstloc - pkts_sent pkts_received session_end_reason dg_hier_level_1 dg_hier_level_2 \
dg_hier_level_3 dg_hier_level_4 vsys_name device_name action_source src_uuid dst_uuid tunnelid monitortag parent_session_id \
parent_start_time tunnel assoc_id chunks chunks_sent chunks_received rule_uuid http2_connection link_change_count policy_id \
link_switches sdwan_cluster sdwan_device_type sdwan_cluster_type sdwan_site dynusergroup_name xff_ip src_category \
src_profile src_model src_vendor src_osfamily src_osversion src_host src_mac dst_category dst_profile dst_model dst_vendor \
dst_osfamily dst_osversion dst_host dst_mac container_id pod_namespace pod_name src_edl dst_edl hostid serialnumber src_dag \
dst_dag session_owner high_res_timestamp nssai_sst nssai_sd subcategory_of_app category_of_app technology_of_app \
risk_of_app characteristic_of_app container_of_app tunneled_app is_saas_of_app sanctioned_state_of_app offloaded flow_type \
cluster_name";

pub(super) const THREAT: &str = "src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset - \
sessionid repeatcnt sport dport natsport natdport flags proto action misc threatid category severity direction seqno \
actionflags srcloc dstloc - contenttype pcap_id filedigest cloud url_idx user_agent filetype xff referer sender subject \
recipient reportid dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name - src_uuid dst_uuid \
http_method tunnelid monitortag parent_session_id parent_start_time tunnel thr_category contentver - assoc_id ppid \
http_headers url_category_list rule_uuid http2_connection dynusergroup_name xff_ip src_category src_profile src_model \
src_vendor src_osfamily src_osversion src_host src_mac dst_category dst_profile dst_model dst_vendor dst_osfamily \
dst_osversion dst_host dst_mac container_id pod_namespace pod_name src_edl dst_edl hostid serialnumber domain_edl src_dag \
dst_dag partial_hash high_res_timestamp reason justification nssai_sst subcategory_of_app category_of_app \
technology_of_app risk_of_app characteristic_of_app container_of_app tunneled_app is_saas_of_app sanctioned_state_of_app \
cloud_reportid cluster_name flow_type";

pub(super) const SYSTEM: &str = "vsys eventid object - - module severity opaque seqno actionflags dg_hier_level_1 \
dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name - - high_res_timestamp";

pub(super) const CONFIG: &str = "host vsys cmd admin client result path before-change-detail after-change-detail seqno \
actionflags dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name dg_id comment - \
high_res_timestamp";

/// The short form, sent where a log profile leaves the change's details out.
pub(super) const CONFIG_SHORT: &str = "host vsys cmd admin client result path seqno actionflags dg_hier_level_1 \
dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name dg_id comment - high_res_timestamp";

pub(super) const GLOBALPROTECT: &str = "vsys eventid stage auth_method tunnel_type srcuser srcregion machinename public_ip \
public_ipv6 private_ip private_ipv6 hostid serialnumber client_ver client_os client_os_ver repeatcnt reason error opaque \
status location login_duration connect_method error_code portal seqno actionflags high_res_timestamp selection_type \
response_time priority attempted_gateways gateway dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name \
device_name vsys_id";

pub(super) const AUTHENTICATION: &str = "vsys ip user normalize_user object authpolicy repeatcnt authid vendor logset \
serverprofile desc clienttype event factorno seqno actionflags dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 \
dg_hier_level_4 vsys_name device_name vsys_id authproto rule_uuid high_res_timestamp src_category src_profile src_model \
src_vendor src_osfamily src_osversion src_host src_mac region - user_agent sessionid cluster_name";

pub(super) const USERID: &str = "vsys ip user datasourcename eventid repeatcnt timeout beginport endport datasource \
datasourcetype seqno actionflags dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name \
vsys_id factortype factorcompletiontime factorno ugflags userbysource tag_name high_res_timestamp origindatasource";

pub(super) const HIPMATCH: &str = "srcuser vsys machinename os src matchname repeatcnt matchtype - - seqno actionflags \
dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name vsys_id srcipv6 hostid serialnumber \
mac high_res_timestamp cluster_name";

pub(super) const IPTAG: &str = "vsys ip tag_name event_id repeatcnt timeout datasourcename datasource_type \
datasource_subtype seqno actionflags dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name \
vsys_id high_res_timestamp";

/// A tunnel's content: like traffic as far as the device's name.
pub(super) const TUNNEL: &str = "src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset - \
sessionid repeatcnt sport dport natsport natdport flags proto action severity seqno actionflags srcloc dstloc \
dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name tunnelid monitortag parent_session_id \
parent_start_time tunnel bytes bytes_sent bytes_received packets pkts_sent pkts_received max_encap unknown_proto \
strict_check tunnel_fragment sessions_created sessions_closed session_end_reason action_source start elapsed \
tunnel_insp_rule remote_user_ip remote_user_id rule_uuid pcap_id dynusergroup_name src_edl dst_edl high_res_timestamp";

/// The order of a type's fields behind the common ones.
pub(super) fn order(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "TRAFFIC" => TRAFFIC,
        "THREAT" => THREAT,
        "SYSTEM" => SYSTEM,
        "CONFIG" => CONFIG,
        "GLOBALPROTECT" => GLOBALPROTECT,
        "AUTHENTICATION" | "AUTH" => AUTHENTICATION,
        "USERID" => USERID,
        "HIPMATCH" | "HIP-MATCH" => HIPMATCH,
        "IPTAG" => IPTAG,
        "START" | "END" | "TUNNEL" => TUNNEL,
        _ => return None,
    })
}
